import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  findStrays,
  type Belongings,
  type Claim,
  type Machine,
  type SeenProcess,
} from '../../../../src/domain/process/stray.js'

type Process = SeenProcess & Belongings

const entry = 'AUTOPILOT_RUN=/repo/.autopilot/runs/r1'
const place = '0123456789abcdef/r1'
const traces = { entry, places: [place, `${place}-gates`] }
const self = 10

function process(change: Partial<Process> & { readonly pid: number }): Process {
  const plain = {
    name: 'sleep',
    parent: 1,
    state: 'S',
    start: '500',
    hasTerminal: false,
    processorMs: 0,
    environment: [],
    cwd: '/',
  }
  return { ...plain, group: change.pid, ...change }
}

/** Autopilot, its shell and the first process. */
const line = [process({ pid: 1, parent: 0 }), process({ pid: 5 }), process({ pid: self, parent: 5 })]

function strayPids(others: readonly Process[], claims: readonly Claim[] = [{ traces, spawned: [] }]): number[] {
  return findStrays({ boot: 'b', self, processes: [...line, ...others] }, claims).map(({ pid }) => pid)
}

const journalled = (change: object = {}) => [{ traces, spawned: [{ pid: 20, start: '500', boot: 'b', ...change }] }]

describe('what a run has left running', () => {
  it('is the group of a process that its journal names, as long as the leader is that process', () => {
    const group = [process({ pid: 20 }), process({ pid: 21, parent: 20, group: 20, start: '900' })]
    expect(strayPids(group, journalled())).toEqual([20, 21])
  })

  it.each<[string, Claim[], Process[]]>([
    ['has started at another time', journalled({ start: '499' }), [process({ pid: 20 })]],
    ['is of another boot', journalled({ boot: 'a' }), [process({ pid: 20 })]],
    ['is in a journal that does not say when it started', journalled({ start: undefined }), [process({ pid: 20 })]],
    ['leads no group', journalled(), [process({ pid: 20, group: 5 }), process({ pid: 21, group: 5 })]],
    ['is gone, though its number is still that of a group', journalled(), [process({ pid: 21, group: 20 })]],
  ])('is not a process whose pid is in the journal but that %s', (_, claims, others) => {
    expect(strayPids(others, claims)).toEqual([])
  })

  it('is every process that has the run’s entry in its environment, whole', () => {
    const bearing = (pid: number, ...environment: string[]) => process({ pid, environment })
    expect(strayPids([bearing(30, 'A=1', entry), bearing(31, `${entry}0`), bearing(32, `X${entry}`)])).toEqual([30])
  })

  it('is every process that works in a workspace of the run or its gates, without a terminal', () => {
    const at = (pid: number, cwd: string, hasTerminal = false) => process({ pid, cwd, hasTerminal })
    const inside = [
      at(30, `/cache/${place}/1`),
      at(31, `/cache/${place}-gates/2/sub`),
      at(32, `/cache/${place}/3 (deleted)`),
    ]
    const outside = [at(40, `/cache/${place}2/1`), at(41, '/repo'), at(42, `/cache/${place}/1`, true)]
    expect(strayPids([...inside, ...outside])).toEqual([30, 31, 32])
    expect(strayPids(inside, [{ traces: { entry, places: [] }, spawned: [] }])).toEqual([])
  })

  it('is never a process that is over already', () => {
    expect(strayPids([process({ pid: 20, state: 'Z' }), process({ pid: 21, state: 'X' })], journalled())).toEqual([])
  })

  it('is never autopilot, nor what has started it, whatever their environments hold', () => {
    const bearing = [1, 5, self].map((pid) => process({ pid, environment: [entry], parent: pid === self ? 5 : 1 }))
    const machine: Machine = { boot: 'b', self, processes: bearing }
    expect(findStrays(machine, [{ traces, spawned: [{ pid: 5, start: '500', boot: 'b' }] }])).toEqual([])
  })

  it('contains, on any machine, only processes that some claim shows to be the run’s', () => {
    const anything = fc.record({
      pid: fc.integer({ min: 2, max: 60 }),
      parent: fc.integer({ min: 0, max: 60 }),
      group: fc.integer({ min: 2, max: 60 }),
      start: fc.constantFrom('1', '2'),
      state: fc.constantFrom('S', 'R', 'Z'),
      hasTerminal: fc.boolean(),
      environment: fc.subarray([entry, 'AUTOPILOT_RUN=/other', 'HOME=/home']),
      cwd: fc.constantFrom('/', `/cache/${place}/1`, '/cache/fedcba9876543210/r1/1'),
    })
    const machines = fc.uniqueArray(anything, { selector: ({ pid }) => pid, maxLength: 30 })
    const spawned = fc.array(
      fc.record({
        pid: fc.integer({ min: 2, max: 60 }),
        start: fc.constantFrom('1', '2'),
        boot: fc.constantFrom('b', 'a'),
      }),
    )
    fc.assert(
      fc.property(machines, spawned, fc.integer({ min: 2, max: 60 }), (seen, spawns, own) => {
        const processes = seen.map(process)
        const found = findStrays({ boot: 'b', self: own, processes }, [{ traces, spawned: spawns }])
        for (const { pid, group, state, environment, cwd, hasTerminal } of found) {
          expect(pid).not.toBe(own)
          expect(state).not.toBe('Z')
          const leader = processes.find((one) => one.pid === group)
          const isJournalled = spawns.some(
            (spawn) => spawn.pid === leader?.pid && spawn.start === leader.start && spawn.boot === 'b',
          )
          expect(isJournalled || environment.includes(entry) || (!hasTerminal && cwd.includes(place))).toBe(true)
        }
      }),
    )
  })
})
