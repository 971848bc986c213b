import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareKept, type Entry } from '../../../../src/workspace/kept/compare.js'

const directory = fc.record({ mode: fc.constantFrom(0o40755, 0o40700) })
const facts = {
  mode: fc.constantFrom(0o100644, 0o100755, 0o120777),
  size: fc.nat(3),
  modified: fc.nat(3),
  inode: fc.nat(3),
  changed: fc.nat(3),
  links: fc.nat(3),
}
const file = fc.oneof(fc.record(facts), fc.record({ ...facts, content: fc.constantFrom('x', 'y') }))
const entry: fc.Arbitrary<Entry> = fc.oneof(directory, file)
const entries = fc.dictionary(fc.constantFrom('a', 'a/b', 'a/c', 'd'), entry).map((all) => new Map(Object.entries(all)))
/** As a later look finds it, which reads no content. */
const seen = (noted: ReadonlyMap<string, Entry>) =>
  new Map([...noted].map(([path, one]) => [path, 'content' in one ? { ...one, content: undefined } : one] as const))
const look = (noted: ReadonlyMap<string, Entry>) => seen(noted) as ReadonlyMap<string, Entry>

test('what nobody touched is unchanged, with nothing added and no content to be read', () => {
  fc.assert(
    fc.property(entries, (noted) => {
      expect(compareKept(noted, look(noted))).toEqual({ type: 'standing', added: [], relinked: [] })
    }),
  )
})

test('any single difference of a noted entry is a touch, unless only the inode’s change differs and its content is noted', () => {
  const differing = fc.constantFrom('mode', 'size', 'modified', 'inode', 'changed')
  fc.assert(
    fc.property(entries, fc.nat(), differing, (noted, index, field) => {
      const [path, before] = [...noted][index % Math.max(1, noted.size)] ?? []
      fc.pre(path !== undefined && before !== undefined && field in before)
      const now = new Map(look(noted)).set(path, { ...before, [field]: -1 })
      const compared = compareKept(noted, now)
      const decides = field === 'changed' && 'content' in before
      expect(compared).toEqual(decides ? { type: 'standing', added: [], relinked: [path] } : { type: 'touched', path })
    }),
  )
})

test('what is missing is a touch; what is new is added, whatever it is', () => {
  fc.assert(
    fc.property(entries, entries, (noted, others) => {
      const news = new Map([...others].filter(([path]) => !noted.has(path)))
      const compared = compareKept(noted, new Map([...look(noted), ...news]))
      expect(compared).toEqual({ type: 'standing', added: [...news.keys()], relinked: [] })
      for (const path of noted.keys()) {
        const without = new Map([...look(noted)].filter(([one]) => one !== path))
        expect(compareKept(noted, without)).toEqual({ type: 'touched', path })
      }
    }),
  )
})

test('a file in the place of a directory is a touch, and the other way round', () => {
  fc.assert(
    fc.property(directory, fc.record(facts), (one, other) => {
      expect(compareKept(new Map([['a', one]]), new Map([['a', other]])).type).toBe('touched')
      expect(compareKept(new Map([['a', other]]), new Map([['a', one]])).type).toBe('touched')
    }),
  )
})
