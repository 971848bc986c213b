/**
 * How many elements at the beginning of a list are before a place; of an ordered list, those are all that are. Those in
 * front of `from` count as before, whatever they are.
 */
export function countBefore<Element>(
  list: readonly Element[],
  isBefore: (element: Element) => boolean,
  from = 0,
): number {
  let [low, high] = [from, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(list[middle] as Element)) low = middle + 1
    else high = middle
  }
  return low
}
