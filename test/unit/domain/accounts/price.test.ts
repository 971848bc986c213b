import { describe, expect, it } from 'vitest'
import { priceFor, priceOf, type Prices } from '../../../../src/domain/accounts/price.js'

const prices: Prices = {
  'codex:gpt-5': { input: 1.25, cachedInput: 0.125, output: 10 },
  codex: { input: 2, output: 20 },
}
const usage = { inputTokens: 1_000_000, cachedInputTokens: 400_000, outputTokens: 100_000 }

describe('the price of what an agent used', () => {
  it('is that of its model, else that of its provider', () => {
    expect(priceOf(usage, { provider: 'codex', model: 'gpt-5' }, prices)).toBeCloseTo(0.75 + 0.05 + 1, 9)
    expect(priceOf(usage, { provider: 'codex', model: 'other' }, prices)).toBeCloseTo(2 + 2, 9)
    expect(priceOf(usage, { provider: 'codex' }, prices)).toBeCloseTo(4, 9)
  })

  it('is not known without one', () => {
    expect(priceOf(usage, { provider: 'claude', model: 'opus' }, prices)).toBeUndefined()
    expect(priceFor({ provider: 'toString' }, prices)).toBeUndefined()
  })
})
