/** How many elements at the beginning of a list are `before` a place; of an ordered list, those are all that are. */
export function countBefore<Element>(list: readonly Element[], before: (element: Element) => boolean): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (before(list[middle] as Element)) low = middle + 1
    else high = middle
  }
  return low
}
