import * as z from 'zod/mini'
import type { Budget } from '../domain/accounts/budget.js'
import type { Price } from '../domain/accounts/price.js'
import { describedAs, eitherOf } from './json-form.js'
import { keysAre, scalar } from './scalar.js'
import { settings, type FileSettings } from './settings.js'
import { providerModel, providerName, usd } from './value.js'

const amounts = z.strictObject({ usd: z.optional(scalar(usd)), tokens: z.optional(scalar(settings.budgetTokens.read)) })

/** A number is money. */
const budget = describedAs(
  z.pipe(
    z.transform((entry): unknown => (typeof entry === 'object' && entry !== null ? entry : { usd: entry })),
    amounts,
  ),
  eitherOf(scalar(usd), amounts),
)

const perMillion = z
  .number('expected USD per million tokens, such as 1.25')
  .check(z.nonnegative('it must not be negative'))

const price = z.strictObject({ input: perMillion, cached_input: z.optional(perMillion), output: perMillion })

/** What only the configuration says about money: what providers may spend, and what tokens cost. */
export const moneyKeys = {
  budgets: z.optional(z.record(z.string(), budget).check(keysAre(providerName))),
  prices: z.optional(z.record(z.string(), price).check(keysAre(providerModel))),
}

export const budgetKeys = Object.keys(amounts.shape)
export const priceKeys = Object.keys(price.shape)

type Money = Pick<FileSettings, 'budgets' | 'prices'>

export const noMoney: Money = { budgets: {}, prices: {} }

export function moneyOf({
  budgets = {},
  prices = {},
}: {
  readonly budgets?: Readonly<Record<string, z.infer<typeof amounts>>> | undefined
  readonly prices?: Readonly<Record<string, z.infer<typeof price>>> | undefined
}): Money {
  return {
    budgets: Object.fromEntries(Object.entries(budgets).map(([name, one]) => [name, budgetOf(one)])),
    prices: Object.fromEntries(Object.entries(prices).map(([name, one]) => [name, priceOf(one)])),
  }
}

function budgetOf({ usd: money, tokens }: z.infer<typeof amounts>): Budget {
  return { ...(money === undefined ? {} : { usd: money }), ...(tokens === undefined ? {} : { tokens }) }
}

function priceOf({ input, cached_input: cachedInput, output }: z.infer<typeof price>): Price {
  return { input, output, ...(cachedInput === undefined ? {} : { cachedInput }) }
}
