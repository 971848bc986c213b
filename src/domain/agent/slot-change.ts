import { slotId, slotNumber } from './work-number.js'

/** The most slots that a run can have, from its start and by changing their number. */
export const mostSlots = 256

export function isSlotCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= mostSlots
}

/** The numbers of a run's slots at its start are 1 to `first`; those of its gate jobs come behind them. */
export interface Numbers {
  readonly first: number
  readonly gateJobs: number
}

/** Which slots come and which go. */
export interface SlotChange {
  readonly add: readonly string[]
  readonly remove: readonly string[]
}

/**
 * How a run gets as many slots as are wanted. The lowest numbers come first, except those of gate jobs, which go on using
 * them. Idle slots go before busy ones, and of those the highest numbers first.
 */
export function changeSlots(
  slots: readonly string[],
  wanted: number,
  { numbers, isBusy }: { readonly numbers: Numbers; readonly isBusy: (id: string) => boolean },
): SlotChange {
  const goesFirst = (a: string, b: string) => Number(isBusy(a)) - Number(isBusy(b)) || slotNumber(b) - slotNumber(a)
  const remove = [...slots].sort(goesFirst).slice(0, Math.max(0, slots.length - wanted))
  const add: string[] = []
  const has = new Set(slots)
  for (let number = 1; slots.length + add.length < wanted; number++) {
    const isOfGates = number > numbers.first && number <= numbers.first + numbers.gateJobs
    const id = slotId(number)
    if (!isOfGates && !has.has(id)) add.push(id)
  }
  return { add, remove }
}

/** The slots after a change, in the order of their numbers. */
export function slotsAfter(slots: readonly string[], { add, remove }: SlotChange): readonly string[] {
  const gone = new Set(remove)
  return [...slots.filter((id) => !gone.has(id)), ...add].sort((a, b) => slotNumber(a) - slotNumber(b))
}
