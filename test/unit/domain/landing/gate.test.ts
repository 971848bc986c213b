import fc from 'fast-check'
import { expect, test } from 'vitest'
import { treeId } from '../../../support/brands.js'
import { mergeGates, verdictKey, type Gate } from '../../../../src/domain/landing/gate.js'

const gates: fc.Arbitrary<Gate> = fc.record(
  {
    name: fc.constantFrom('one', 'two'),
    run: fc.constantFrom('a', 'b', 'a","b'),
    cwd: fc.constantFrom('x', 'x/y', ''),
    timeoutMs: fc.constantFrom(1, 2),
  },
  { requiredKeys: ['name', 'run', 'timeoutMs'] },
)
const lists = fc.array(gates, { maxLength: 8 })
const place = ({ run, cwd = '' }: Gate) => ({ run, cwd })

test('two verdicts share a key only if tree, command and directory are the same, whatever the name and the limit', () => {
  const trees = fc.constantFrom('t', 't","a').map(treeId)
  fc.assert(
    fc.property(trees, gates, trees, gates, (treeA, a, treeB, b) => {
      const same = treeA === treeB && a.run === b.run && (a.cwd ?? '') === (b.cwd ?? '')
      expect(verdictKey(treeA, a) === verdictKey(treeB, b)).toBe(same)
    }),
  )
})

test('a task’s own gates come after the common ones', () => {
  const [common, own] = [gate('lint'), gate('unit')]
  expect(mergeGates([common], [own])).toEqual([common, own])
})

test('a command that is both a common gate and the task’s own appears once, under the common name', () => {
  const [common, own] = [{ ...gate('make'), name: 'all' }, gate('make')]
  expect(mergeGates([common], [own, { ...own, cwd: 'sub' }])).toEqual([common, { ...own, cwd: 'sub' }])
})

test('merging gates loses no command, repeats none and keeps them in the order of first appearance', () => {
  fc.assert(
    fc.property(lists, lists, (common, own) => {
      const all = [...common, ...own]
      const keys = all.map((one) => JSON.stringify(place(one)))
      const firsts = all.filter((_, index) => keys.indexOf(keys[index]!) === index)
      expect(mergeGates(common, own)).toEqual(firsts)
    }),
  )
})

function gate(run: string): Gate {
  return { name: run, run, timeoutMs: 1000 }
}
