import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanLine, cleanName, cleanText } from '../../../src/domain/text.js'

/** Text with many characters that are dangerous on a terminal. */
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...Array.from('\x1b[]PX^_\\;?0123mHJKh \x07\x9b\x9c\x9d\x90\x98\r\n\t\0\b\x7f\x85')),
    fc.constantFrom(...Array.from('\u061c\u200e\u200f\u202a\u202e\u2066\u2069'), '\ud83d\ude00', '\ud800', '\udc00'),
    fc.constantFrom('\x1b[', '\x1b]', '\x1b\\', 'a', 'é', '漢', 'ب', '\ud83d\udc69', '\ufe0f'),
    fc.constantFrom(...Array.from('\u200b\u200c\u200d\u2060\ufeff\u00ad\u2028\ufff9\u3164'), '\u{e0041}'),
  ),
  maxLength: 60,
})
const anyText = fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 60 }))

// C0 but tab and line feed, DEL, C1, and the controls that change the direction of text (Unicode Bidi_Control).
// Invisible characters, too, except joiners and variation selectors.
const dangerous =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\u00ad\u200b\u2060-\u2064\ufeff\u3164\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]|[a-z]\u200d|\u200d[a-z]/u
const plain = fc.string({
  unit: fc.constantFrom(...Array.from('abc XYZ 09 .,:;[]()é漢\n\t'), '\ud83d\ude00'),
  maxLength: 60,
})

describe('clean text', () => {
  it('contains nothing that moves a cursor or reverses a line, whatever came in', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(cleanText(text)).not.toMatch(dangerous)
      }),
      { numRuns: 500 },
    )
  })

  it('stays the same when it is cleaned again, or if it was harmless', () => {
    fc.assert(
      fc.property(anyText, plain, (text, harmless) => {
        expect(cleanText(cleanText(text))).toBe(cleanText(text))
        expect(cleanText(harmless)).toBe(harmless)
      }),
    )
  })

  it.each([
    ['colours', '\x1b[1;31mred\x1b[0m', 'red'],
    ['colours of one byte', '\x9b31mred', 'red'],
    ['a window title', 'a\x1b]0;evil\x07b', 'ab'],
    ['a link', '\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\', 'text'],
    ['clearing the screen', '\x1b[2J\x1b[Hhello', 'hello'],
    ['a change of character set', '\x1b(0abc', 'abc'],
    ['a device control string', 'a\x1bP1$r\x1b\\b', 'ab'],
    ['a turned line', 'a\u202eb', 'ab'],
    ['line ends of other systems', 'a\r\nb\rc', 'a\nb\nc'],
    ['backspaces', 'ok\b\bno', 'okno'],
    ['an escape cut off', 'ab\x1b[3', 'ab'],
  ])('has lost %s', (_, text, clean) => {
    expect(cleanText(text)).toBe(clean)
  })
})

describe('a clean line', () => {
  it('is one line, not longer than allowed, and never ends in half a letter', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, max) => {
        const line = cleanLine(text, max)
        expect(line).not.toMatch(dangerous)
        expect(line).not.toMatch(/[\n\t\u2028\u2029]/)
        expect(line.length).toBeLessThanOrEqual(max)
        expect(line).toBe(line.trim())
      }),
      { numRuns: 500 },
    )
    const faces = fc.array(fc.constantFrom('\ud83d\ude00', 'a'), { maxLength: 60 })
    fc.assert(
      fc.property(faces, fc.integer({ min: 1, max: 40 }), (letters, max) => {
        // With the flag u, only a surrogate without its other half is one.
        expect(cleanLine(letters.join(''), max)).not.toMatch(/[\ud800-\udfff]/u)
      }),
    )
  })

  it('shows that something was cut', () => {
    expect(cleanLine('one\n  two\tthree ')).toBe('one two three')
    expect(cleanLine('abcdef', 6)).toBe('abcdef')
    expect(cleanLine('abcdefg', 6)).toBe('abcde…')
    expect(cleanLine('abcd\ud83d\ude00xyz', 6)).toBe('abcd…')
    expect(cleanLine('x'.repeat(500))).toHaveLength(200)
  })
})

describe('clean names', () => {
  it('look the same only if they are the same, and contain nothing invisible', () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        const [shown, other] = [cleanName(a, Infinity), cleanName(b, Infinity)]
        expect(shown).not.toMatch(dangerous)
        expect(shown).not.toMatch(/[\n\t\u200c\u200d]/)
        expect(shown === other).toBe(a === b)
      }),
      { numRuns: 500 },
    )
  })

  it('stay as they are if all of them is visible', () => {
    for (const name of ['login', 'Umlaut ä', 'two  words', '漢字', 'src/a b.ts']) expect(cleanName(name)).toBe(name)
    expect(cleanName('log\u200bin')).toBe('log<U+200B>in')
    expect(cleanName('x'.repeat(500))).toHaveLength(200)
  })
})
