import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { descendantsOf, familyOf, usedSince } from '../../../../src/domain/process/process-family.js'

const table = fc.uniqueArray(
  fc.record({
    pid: fc.integer({ min: 1, max: 40 }),
    parent: fc.integer({ min: 0, max: 40 }),
    group: fc.integer({ min: 1, max: 40 }),
  }),
  { selector: ({ pid }) => pid, maxLength: 25 },
)

describe('the family of a process group', () => {
  it('is its members and all their descendants, each once, whatever the table', () => {
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 40 }), (processes, pgid) => {
        const family = familyOf(pgid, processes)
        const pids = new Set(family.map(({ pid }) => pid))
        expect(pids.size).toBe(family.length)
        for (const { pid, parent, group } of processes) {
          expect(pids.has(pid)).toBe(group === pgid || pids.has(parent))
        }
      }),
    )
  })

  it('never contains the processes that were asked about as their own descendants', () => {
    const [a, b, c] = [
      { pid: 1, parent: 3, group: 1 },
      { pid: 2, parent: 1, group: 2 },
      { pid: 3, parent: 2, group: 3 },
    ]
    expect(descendantsOf([1], [a, b, c])).toEqual([b, c])
  })
})

describe('what was used between two looks', () => {
  it('is the growth of those that stayed and all of those that came; one that went takes nothing off', () => {
    const before = new Map([
      [1, 100],
      [2, 50],
      [3, 70],
    ])
    const now = new Map([
      [1, 130],
      [2, 50],
      [4, 5],
    ])
    expect(usedSince(before, now)).toBe(35)
  })

  it('is nothing for a pid that now belongs to another process, which has used less', () => {
    expect(usedSince(new Map([[1, 100]]), new Map([[1, 20]]))).toBe(0)
  })
})
