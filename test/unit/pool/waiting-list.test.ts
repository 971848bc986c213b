import fc from 'fast-check'
import { expect, test } from 'vitest'
import { taskId } from '../../support/brands.js'
import { compareRanks } from '../../../src/domain/roadmap/schedule.js'
import { demandOf, WaitingList, type Waiting } from '../../../src/pool/waiting-list.js'

const demands = ['one', 'two'].map((provider) =>
  demandOf({ id: taskId('x'), rank: rankOf(0, 0), needsWorkspace: false, providers: [provider] }, 'simple'),
)

function rankOf(priority: number, order: number) {
  return { priority, attempt: 1, chain: 0, order }
}

test('the first is the best ranked of those that wait, whoever comes and leaves, even hundreds at the head', () => {
  const arrival = fc.record({ priority: fc.nat(3), demand: fc.nat(1), leavers: fc.array(fc.nat(3), { maxLength: 2 }) })
  fc.assert(
    fc.property(fc.array(arrival, { minLength: 400, maxLength: 900, size: 'max' }), (arrivals) => {
      const list = new WaitingList()
      let there: Waiting[] = []
      const firsts = () => [...there].sort((a, b) => compareRanks(a.rank, b.rank))
      const leave = (waiting: Waiting | undefined) => {
        expect(list.remove(waiting ?? stranger)).toBe(waiting !== undefined)
        there = there.filter((other) => other !== waiting)
      }
      for (const [order, { priority, demand, leavers }] of arrivals.entries()) {
        const waiting = { ...stranger, rank: rankOf(priority, order), demand: demands[demand]! }
        list.add(waiting)
        there.push(waiting)
        for (const place of leavers) leave(firsts()[place])
        expect(list.first(() => true)).toBe(firsts()[0])
        expect(list.length).toBe(there.length)
      }
      for (let first = list.first(() => true); first; first = list.first(() => true)) {
        expect(first).toBe(firsts()[0])
        leave(first)
      }
      expect([there, list.demands(), list.all(() => true)]).toEqual([[], [], []])
    }),
    { numRuns: 10 },
  )
})

const stranger: Waiting = { taskId: taskId('x'), rank: rankOf(0, 0), demand: demands[0]!, reject: () => undefined }
