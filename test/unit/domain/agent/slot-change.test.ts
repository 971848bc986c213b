import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changeSlots, isSlotCount, mostSlots, slotsAfter } from '../../../../src/domain/agent/slot-change.js'
import { slotId, slotNumber } from '../../../../src/domain/agent/work-number.js'

const numbers = fc.record({ first: fc.integer({ min: 1, max: 8 }), gateJobs: fc.integer({ min: 1, max: 4 }) })
const step = fc.record({
  wanted: fc.integer({ min: 1, max: 20 }),
  busy: fc.uniqueArray(fc.integer({ min: 1, max: 24 })),
})

describe('a change of the number of slots', () => {
  it('has as many as are wanted, with numbers that neither another slot nor a gate job has, and busy ones go last', () => {
    fc.assert(
      fc.property(numbers, fc.array(step, { maxLength: 10 }), (given, steps) => {
        let slots: readonly string[] = Array.from({ length: given.first }, (_, index) => slotId(index + 1))
        for (const { wanted, busy } of steps) {
          const isBusy = (id: string) => busy.includes(slotNumber(id))
          const change = changeSlots(slots, wanted, { numbers: given, isBusy })
          const after = slotsAfter(slots, change)
          expect(after).toHaveLength(wanted)
          expect(new Set(after).size).toBe(wanted)
          for (const id of after) {
            const number = slotNumber(id)
            expect(number > given.first && number <= given.first + given.gateJobs).toBe(false)
          }
          expect(change.add.length === 0 || change.remove.length === 0).toBe(true)
          // No busy one goes while an idle one stays.
          if (change.remove.some(isBusy)) expect(after.every(isBusy)).toBe(true)
          expect(changeSlots(after, wanted, { numbers: given, isBusy })).toEqual({ add: [], remove: [] })
          slots = after
        }
      }),
    )
  })

  it('takes back the lowest numbers first', () => {
    const given = { numbers: { first: 2, gateJobs: 3 }, isBusy: () => false }
    expect(changeSlots(['slot-1', 'slot-2'], 4, given).add).toEqual(['slot-6', 'slot-7'])
    expect(changeSlots(['slot-2', 'slot-6'], 1, given).remove).toEqual(['slot-6'])
    expect(changeSlots(['slot-6'], 3, given).add).toEqual(['slot-1', 'slot-2'])
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, mostSlots + 1])('is not possible to %d', (count) => {
    expect(isSlotCount(count)).toBe(false)
  })
})
