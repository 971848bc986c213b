import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safeName } from '../../../src/domain/name.js'

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: fc.constantFrom(...Array.from('.-_/\\~^:?*[@{} aZé0\n\0\u202e\ud800')), maxLength: 20 }),
)

describe('a name made from any text', () => {
  it('is plain: letters, digits and hyphens, short, fit for a path on every system and for a ref', () => {
    fc.assert(
      fc.property(anyText, (id) => {
        expect(safeName(id)).toMatch(/^[a-z0-9](?:[a-z0-9]|-(?!-)){0,39}-[0-9a-f]{12}$/)
      }),
    )
  })

  it('differs for different texts, and is always the same for one', () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        expect(safeName(a) === safeName(b)).toBe(a === b)
      }),
    )
  })

  it.each([
    ['upper and lower case', 'Task', 'task'],
    ['what is left out', 'a/b', 'a.b'],
    ['the end of a long id', `${'x'.repeat(100)}1`, `${'x'.repeat(100)}2`],
    ['two ways to write one letter', 'caf\u00e9', 'cafe\u0301'],
    ['nothing but signs', '../..', '...'],
    ['an id that looks like a name', 'a', safeName('a')],
  ])('distinguishes %s', (_, a, b) => {
    expect(safeName(a)).not.toBe(safeName(b))
  })

  it('keeps 100,000 ids of a roadmap apart, even if no letter of them is left', () => {
    const id = (index: number) =>
      index % 2 === 0 ? `T-${index}` : String.fromCodePoint(0x4e00 + (index % 20_000), 0x4e00 + (index >> 5))
    const names = new Set(Array.from({ length: 100_000 }, (_, index) => safeName(id(index))))
    expect(names.size).toBe(100_000)
  })

  it('can still be recognised', () => {
    expect(safeName('AFP-W1: Über  Parser!')).toMatch(/^afp-w1-uber-parser-[0-9a-f]{12}$/)
    expect(safeName('../..')).toMatch(/^task-/)
  })
})
