import type { RunBudgets } from '../../domain/accounts/budget.js'
import { priceFor } from '../../domain/accounts/price.js'
import { formatProviderModel, type ProviderModel } from '../../domain/agent/provider-model.js'
import { routeRequestOf, tiersFor } from '../../domain/routing/routing.js'
import type { Task } from '../../domain/roadmap/task.js'
import type { FileSettings, RunSettings } from '../../config/settings.js'
import type { ProviderSetup } from '../agents/providers.js'

/** What the settings allow the run and each provider to spend; undefined when nothing is limited. */
export function budgetsOf(settings: RunSettings, { budgets: providers }: FileSettings): RunBudgets | undefined {
  const { budgetUsd: usd, budgetTokens: tokens } = settings
  const run = { ...(usd === undefined ? {} : { usd }), ...(tokens === undefined ? {} : { tokens }) }
  if (Object.keys(run).length + Object.keys(providers).length === 0) return undefined
  return { run, providers }
}

/** CLIs whose money should be counted, although they don't report their cost and no price is known. */
export function uncounted(
  { policy, detected }: Pick<ProviderSetup, 'policy' | 'detected'>,
  tasks: readonly Task[],
  budgets: RunBudgets | undefined,
  prices: FileSettings['prices'],
): readonly string[] {
  const silent = new Set(detected.filter(({ provider }) => !provider.tellsCost).map(({ provider }) => provider.name))
  const isCounted = (task: Task, { provider }: ProviderModel) =>
    [task.budget, budgets?.run, budgets?.providers[provider]].some((budget) => budget?.usd !== undefined)
  const names = tasks.flatMap((task) =>
    tiersFor(routeRequestOf(task), policy)
      .flat()
      .filter((offer) => [...silent].some((name) => name === offer.provider) && isCounted(task, offer))
      .filter((offer) => priceFor(offer, prices) === undefined)
      .map(formatProviderModel),
  )
  return [...new Set(names)].map(
    (name) =>
      `${name} does not report its cost, so a budget in US dollars cannot count it: ` +
      'give its price under prices: in autopilot.yaml, or set --budget-tokens',
  )
}
