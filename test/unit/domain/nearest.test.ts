import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearest } from '../../../src/domain/nearest.js'

const settings = ['agents', 'iterations', 'provider', 'providers', 'isolation']

describe('did you mean', () => {
  it.each([
    ['agent', 'agents'],
    ['agnets', 'agents'],
    ['AGENTS', 'agents'],
    ['iteratoins', 'iterations'],
    ['isolaton', 'isolation'],
    ['providers', 'providers'],
    ['xyz', undefined],
    ['', undefined],
  ])('takes %j for %j', (word, meant) => {
    expect(nearest(word, settings)).toBe(meant)
  })

  it('does not go far: a third of the letters at most, and one letter in a short word', () => {
    expect(nearest('cat', ['cut'])).toBe('cut')
    expect(nearest('cat', ['cup'])).toBeUndefined()
    expect(nearest('abcdef', ['abcdxy'])).toBe('abcdxy')
    expect(nearest('abcdef', ['abcxyz'])).toBeUndefined()
  })

  it('finds a word after one typing mistake among words that are far from it', () => {
    const word = fc.string({ unit: fc.constantFrom(...Array.from('abcdefgh')), minLength: 4, maxLength: 12 })
    fc.assert(
      fc.property(word, fc.nat(), fc.constantFrom('drop', 'double', 'swap', 'change'), (meant, place, slip) => {
        const at = place % (meant.length - 1)
        const [head, a, b, tail] = [meant.slice(0, at), meant[at]!, meant[at + 1]!, meant.slice(at + 2)]
        const slips = { drop: b, double: a + a + b, swap: b + a, change: `z${b}` }
        expect(nearest(head + slips[slip] + tail, ['tuvwxyz', meant, 'zzzzzzzzzz'])).toBe(meant)
      }),
    )
  })
})
