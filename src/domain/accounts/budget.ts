import { as, map, number, object, optional, titled, type ValueOf } from '../shape/shape.js'
import { grouped } from '../text.js'
import { tokensOf, type Usage } from '../agent/agent-event.js'

/** The most that may be spent. */
export const budgetShape = titled(
  'budget',
  object({
    usd: optional(number('US dollars.')),
    tokens: optional(number('Tokens, cached ones included.')),
  }),
)
export type Budget = ValueOf<typeof budgetShape>

/** What a run may spend, and what each provider may; stored in a journal, so a plain object. */
export const runBudgetsFields = {
  run: as(budgetShape, 'What the run may spend.'),
  providers: map(budgetShape, 'What each provider may spend, by name.'),
}
export const runBudgetsShape = object(runBudgetsFields)
export type RunBudgets = ValueOf<typeof runBudgetsShape>

/** What was spent; money only as far as it is known. */
export interface Spent {
  readonly usd: number
  readonly tokens: number
}

export const nothingSpent: Spent = { usd: 0, tokens: 0 }

export function spentOf(usage: Usage): Spent {
  return { usd: usage.costUsd ?? 0, tokens: tokensOf(usage) }
}

export function addSpent(a: Spent, b: Spent): Spent {
  return { usd: a.usd + b.usd, tokens: a.tokens + b.tokens }
}

/** The larger of each. */
export function atLeast(a: Spent, b: Spent): Spent {
  return { usd: Math.max(a.usd, b.usd), tokens: Math.max(a.tokens, b.tokens) }
}

/** The average of this many. */
export function meanOf({ usd, tokens }: Spent, count: number): Spent {
  return count === 0 ? nothingSpent : { usd: usd / count, tokens: tokens / count }
}

export function isUsedUp({ usd, tokens }: Budget, spent: Spent): boolean {
  return (usd !== undefined && spent.usd >= usd) || (tokens !== undefined && spent.tokens >= tokens)
}

/** Sums of money aren't exact in binary: three times $0.10 is not more than $0.30. */
const roundingUsd = 1e-9

/** Whether this much may be spent in all. */
export function allows({ usd, tokens }: Budget, spent: Spent): boolean {
  return (usd === undefined || spent.usd <= usd + roundingUsd) && (tokens === undefined || spent.tokens <= tokens)
}

/** What is left of it, never less than nothing. */
export function leftOf({ usd, tokens }: Budget, spent: Spent): Budget {
  return {
    ...(usd === undefined ? {} : { usd: Math.max(0, usd - spent.usd) }),
    ...(tokens === undefined ? {} : { tokens: Math.max(0, tokens - spent.tokens) }),
  }
}

/** What all of them allow. */
export function tightest(budgets: readonly Budget[]): Budget {
  const least = (values: readonly (number | undefined)[]) => Math.min(...values.flatMap((value) => value ?? []))
  const usd = least(budgets.map((budget) => budget.usd))
  const tokens = least(budgets.map((budget) => budget.tokens))
  return { ...(Number.isFinite(usd) ? { usd } : {}), ...(Number.isFinite(tokens) ? { tokens } : {}) }
}

/** A running agent as a budget sees it: what it has reported so far, and what such an agent spends on average. */
export interface Spending {
  readonly reported: Spent
  readonly usual: Spent
}

/**
 * Whether another agent that usually spends `next` may start: what was spent, what running agents may still spend and
 * what it will spend must fit together. Each running agent counts with what it has reported, or with the average if
 * that is more. Until an average is known, only what was spent counts.
 */
export function mayStartWithin(budget: Budget, spent: Spent, atWork: readonly Spending[], next: Spent): boolean {
  if (isUsedUp(budget, spent)) return false
  const bound = atWork.map(({ reported, usual }) => atLeast(reported, usual)).reduce(addSpent, spent)
  return allows(budget, addSpent(bound, next)) && !isUsedUp(budget, bound)
}

/** `5`, `5.50` or `$5`, above 0; undefined for anything else. */
export function parseUsd(text: string): number | undefined {
  const usd = /^\$?\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text.replace('$', '')) : 0
  return usd > 0 ? usd : undefined
}

/** A whole number above 0; undefined for anything else. */
export function parseTokens(text: string): number | undefined {
  const tokens = /^\d{1,15}$/.test(text) ? Number(text) : 0
  return tokens > 0 ? tokens : undefined
}

/** `$4.50`, `$0.0031`. */
export function formatUsd(usd: number): string {
  return `$${usd.toFixed(usd !== 0 && usd < 0.1 ? 4 : 2)}`
}

/** `$5.00 and 1,000,000 tokens`. */
export function formatBudget({ usd, tokens }: Budget): string {
  return [
    ...(usd === undefined ? [] : [formatUsd(usd)]),
    ...(tokens === undefined ? [] : [`${grouped(Math.round(tokens))} tokens`]),
  ].join(' and ')
}

/** What was spent, in the units of the budget: `$4.50 of $5.00`. */
export function formatSpent(budget: Budget, { usd, tokens }: Spent): string {
  const spent = { ...(budget.usd === undefined ? {} : { usd }), ...(budget.tokens === undefined ? {} : { tokens }) }
  return `${formatBudget(spent)} of ${formatBudget(budget)}`
}
