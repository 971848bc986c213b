import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addSpent,
  allows,
  atLeast,
  formatBudget,
  formatSpent,
  isUsedUp,
  leftOf,
  mayStartWithin,
  nothingSpent,
  parseTokens,
  parseUsd,
  tightest,
  type Budget,
  type Spent,
} from '../../../../src/domain/accounts/budget.js'

const spent: fc.Arbitrary<Spent> = fc.record({ usd: fc.integer({ min: 0, max: 500 }), tokens: fc.nat(5000) })
const budget: fc.Arbitrary<Budget> = fc.record(
  { usd: fc.integer({ min: 1, max: 1000 }), tokens: fc.integer({ min: 1, max: 9999 }) },
  { requiredKeys: [] },
)

describe('a budget', () => {
  it('is an amount of money or a whole number of tokens, above 0', () => {
    expect(['5', '$5', '2.50', '0.001'].map(parseUsd)).toEqual([5, 5, 2.5, 0.001])
    expect(['0', '-1', '5€', '', '1e3', '$', '1,5', 'five', '0.0'].map(parseUsd)).toEqual(Array(9).fill(undefined))
    expect(parseTokens('1000000')).toBe(1_000_000)
    expect(['0', '1.5', '-1', '', '1M'].map(parseTokens)).toEqual(Array(5).fill(undefined))
  })

  it('limits nothing in a measure that it does not name', () => {
    expect(isUsedUp({}, { usd: 9, tokens: 9 })).toBe(false)
    expect(isUsedUp({ usd: 10 }, { usd: 9, tokens: 99 })).toBe(false)
    expect(isUsedUp({ usd: 10, tokens: 99 }, { usd: 9, tokens: 99 })).toBe(true)
    expect(allows({ tokens: 10 }, { usd: 1e9, tokens: 10 })).toBe(true)
  })

  it('has room for amounts that add up to it exactly, despite binary fractions', () => {
    const thrice = { usd: 0.1 + 0.1 + 0.1, tokens: 0 }
    expect(thrice.usd > 0.3).toBe(true)
    expect(allows({ usd: 0.3 }, thrice)).toBe(true)
  })

  it('is the tightest of several, and what is left of it is never negative', () => {
    expect(tightest([{ usd: 5 }, { usd: 3, tokens: 9 }, {}, { tokens: 7 }])).toEqual({ usd: 3, tokens: 7 })
    expect(tightest([])).toEqual({})
    expect(leftOf({ usd: 5, tokens: 10 }, { usd: 7, tokens: 4 })).toEqual({ usd: 0, tokens: 6 })
    expect(leftOf({}, { usd: 7, tokens: 4 })).toEqual({})
  })

  it('is shown in its own measures', () => {
    expect(formatBudget({ usd: 5, tokens: 1_000_000 })).toBe('$5.00 and 1,000,000 tokens')
    expect(formatSpent({ usd: 5 }, { usd: 0.00642, tokens: 7 })).toBe('$0.0064 of $5.00')
    expect(formatSpent({ tokens: 10 }, { usd: 1, tokens: 7 })).toBe('7 tokens of 10 tokens')
  })
})

describe('starting within a budget', () => {
  it('waits for running agents when there would be too little for all, and counts what they have reported', () => {
    const usual = { usd: 2, tokens: 0 }
    const [silent, busy] = [
      { reported: nothingSpent, usual },
      { reported: { usd: 5, tokens: 0 }, usual },
    ]
    const start = (usd: number, ...atWork: (typeof silent)[]) => mayStartWithin({ usd }, nothingSpent, atWork, usual)
    expect([start(4, silent), start(3.9, silent)]).toEqual([true, false])
    expect([start(7, busy), start(6.9, busy)]).toEqual([true, false])
  })

  it('never spends more than the budget if no agent spends more than usual', () => {
    const step = fc.record({ starts: fc.boolean(), share: fc.double({ min: 0, max: 1, noNaN: true }) })
    fc.assert(
      fc.property(budget, spent, fc.array(step, { maxLength: 60, size: 'max' }), (all, usual, steps) => {
        let total = nothingSpent
        let atWork = 0
        const others = () => Array.from({ length: atWork }, () => ({ reported: nothingSpent, usual }))
        for (const { starts, share } of steps) {
          if (starts && mayStartWithin(all, total, others(), usual)) atWork++
          else if (!starts && atWork > 0) {
            atWork--
            total = addSpent(total, { usd: usual.usd * share, tokens: Math.floor(usual.tokens * share) })
          }
          expect(allows(all, total)).toBe(true)
        }
      }),
    )
  })

  it('ends when the budget is used up, and is possible while nothing is spent and nothing is known', () => {
    fc.assert(
      fc.property(budget, spent, (all, before) => {
        expect(mayStartWithin(all, nothingSpent, [], nothingSpent)).toBe(true)
        if (isUsedUp(all, before)) expect(mayStartWithin(all, before, [], nothingSpent)).toBe(false)
        expect(atLeast(before, nothingSpent)).toEqual(before)
      }),
    )
  })
})
