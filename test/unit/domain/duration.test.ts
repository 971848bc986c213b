import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../../src/domain/duration.js'

describe('a duration', () => {
  it.each([
    ['90s', 90_000],
    ['45m', 2_700_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['250ms', 250],
    ['1m250ms', 60_250],
    ['1.5h', 5_400_000],
    ['30', 30_000],
  ])('is read from %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    ...['', ' ', '0', '0s', '0.0001ms', '-5s', '5x', '5 s', 's', '1h30', '1..5s', '1.s', '.5s', '1e3', 'Infinity'],
    ...['5S', '٣s', '99999999999999d', '9'.repeat(400)],
  ])('is not read from %j', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  it('of several parts is their sum, and any text gives a whole number of ms above 0 or nothing', () => {
    const [counts, letters] = [fc.nat(1000), fc.string({ unit: fc.constantFrom(...Array.from('0123456789.smhd -')) })]
    fc.assert(
      fc.property(counts, counts, counts, letters, (h, m, s, text) => {
        const sum = (h * 3600 + m * 60 + s) * 1000
        expect(parseDuration(`${h}h${m}m${s}s`)).toBe(sum === 0 ? undefined : sum)
        const any = parseDuration(text)
        if (any !== undefined) expect(Number.isSafeInteger(any) && any > 0).toBe(true)
      }),
    )
  })
})
