import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import { buildGraph } from '../../../../src/domain/roadmap/graph.js'
import {
  compareRanks,
  rankOf,
  readyTasks,
  reviewRank,
  waitingFor,
  type Rank,
  type Settledness,
} from '../../../../src/domain/roadmap/schedule.js'
import { acyclicTasks, taskOf } from '../../../support/rigs/task.js'

const rank: fc.Arbitrary<Rank> = fc.record({
  priority: fc.integer({ min: -3, max: 3 }),
  attempt: fc.integer({ min: 0, max: 4 }),
  chain: fc.nat(3),
  order: fc.nat(3),
})

describe('ranks', () => {
  it('are in a total order: of two, one goes first unless they are equal, and the order holds over three', () => {
    fc.assert(
      fc.property(rank, rank, rank, (a, b, c) => {
        expect(Math.sign(compareRanks(a, b))).toBe(0 - Math.sign(compareRanks(b, a)))
        expect(compareRanks(a, b) === 0).toBe(JSON.stringify(a) === JSON.stringify(b))
        const [first, second, third] = [a, b, c].sort(compareRanks) as [Rank, Rank, Rank]
        expect(compareRanks(first, second)).toBeLessThanOrEqual(0)
        expect(compareRanks(second, third)).toBeLessThanOrEqual(0)
        expect(compareRanks(first, third)).toBeLessThanOrEqual(0)
      }),
    )
  })

  it('go by priority, then reviews, then first attempts, then the longest chain, then the file', () => {
    const plain = { priority: 2, attempt: 1, chain: 1, order: 5 }
    const ordered: Rank[] = [
      { ...plain, priority: 0, attempt: 3, chain: 0, order: 9 },
      { ...plain, attempt: reviewRank, chain: 0, order: 9 },
      { ...plain, chain: 4, order: 8 },
      { ...plain, order: 1 },
      plain,
      { ...plain, attempt: 3, chain: 7, order: 7 },
      // Among further attempts it does not matter how many there were.
      { ...plain, attempt: 2, chain: 7, order: 9 },
      { ...plain, priority: 3, chain: 9, order: 0 },
    ]
    expect([...ordered].reverse().sort(compareRanks)).toEqual(ordered)
  })

  it('of a task come from the task and from its place in the graph', () => {
    const graph = buildGraph([taskOf('A'), taskOf('B', { priority: 0 }), taskOf('C', { after: ['B'] })], [])
    expect(rankOf(graph.tasks.get(taskId('B'))!, 2, graph)).toEqual({ priority: 0, attempt: 2, chain: 1, order: 1 })
  })
})

describe('a task', () => {
  const settledness = fc.array(fc.constantFrom<Settledness>('waiting', 'done', 'other'), {
    minLength: 14,
    maxLength: 14,
  })

  it('is ready when it waits and each of its dependencies is done', () => {
    fc.assert(
      fc.property(acyclicTasks, settledness, (tasks, states) => {
        const graph = buildGraph(tasks, [])
        const stateOf = (id: string) => states[Number(id.slice(1))]!
        const expected = tasks
          .filter(
            ({ id, dependencies }) =>
              stateOf(id) === 'waiting' && dependencies.every(({ ref }) => stateOf(ref) === 'done'),
          )
          .map(({ id }) => id)
        expect(readyTasks(graph, stateOf, graph.tasks.keys())).toEqual(expected)
        expect(readyTasks(graph, stateOf, [taskId('T0')])).toEqual(expected.filter((id) => id === 'T0'))
      }),
    )
  })

  it('has as waiting dependents all that wait for it through any number of waiting steps, nearest first', () => {
    fc.assert(
      fc.property(acyclicTasks, settledness, (tasks, states) => {
        const stateOf = (id: string) => states[Number(id.slice(1))]!
        const waiting = tasks.filter(({ id }) => stateOf(id) === 'waiting')
        const rings: string[][] = [['T0']]
        for (let ring = rings[0]!; ring.length > 0; rings.push(ring)) {
          ring = waiting
            .filter(
              ({ id, dependencies }) =>
                !rings.flat().includes(id) && dependencies.some(({ ref }) => ring.includes(ref)),
            )
            .map(({ id }) => id)
        }
        const found = waitingFor(buildGraph(tasks, []), stateOf, taskId('T0'))
        expect([...found].sort()).toEqual(rings.slice(1).flat().sort())
        const distance = (id: string) => rings.findIndex((ring) => ring.includes(id))
        expect(found.map(distance)).toEqual(found.map(distance).sort((a, b) => a - b))
      }),
    )
  })
})
