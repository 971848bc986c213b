import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addUsage, usageSince, type Usage } from '../../../../src/domain/agent/agent-event.js'

const count = fc.nat(1_000_000)
const usage: fc.Arbitrary<Usage> = fc
  .record({
    inputTokens: count,
    cachedInputTokens: count,
    outputTokens: count,
    costUsd: fc.option(count, { nil: undefined }),
  })
  .map(({ costUsd, ...rest }) => (costUsd === undefined ? rest : { ...rest, costUsd }))

describe('usageSince', () => {
  it('gives what was added, so that the rounds of a conversation add up to its total', () => {
    fc.assert(
      fc.property(usage, usage, (before, more) => {
        const total = addUsage(before, more)
        expect(addUsage(before, usageSince(total, before))).toEqual(total)
      }),
    )
  })

  it('subtracts nothing from a CLI that counts from its own start', () => {
    const before = { inputTokens: 1000, cachedInputTokens: 0, outputTokens: 50, costUsd: 2 }
    const own = { inputTokens: 300, cachedInputTokens: 100, outputTokens: 60, costUsd: 1 }
    expect(usageSince(own, before)).toEqual(own)
  })

  it('is never negative', () => {
    fc.assert(
      fc.property(usage, usage, (total, before) => {
        for (const value of Object.values(usageSince(total, before))) expect(value).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
