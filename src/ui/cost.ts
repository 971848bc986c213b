import { measures } from '../domain/run/agent-spending.js'
import { formatUsd } from '../domain/accounts/budget.js'
import type { Measure } from '../domain/accounts/counted.js'
import type { RunState } from '../domain/run/run-state.js'
import { cleanLine, plural } from '../domain/text.js'

const names: Readonly<Record<Measure, string>> = { usd: 'cost', tokens: 'tokens' }

/**
 * What is known of the cost, apart from what is estimated and from agents of which nobody knows it; nothing where all is
 * known, or where money is no matter in the run.
 */
export function costTexts({ usage, spending, start: { budgets } }: RunState): readonly string[] {
  const providers = [...spending]
  const limits = budgets ? [budgets.run, ...Object.values(budgets.providers)] : []
  const matters = { usd: usage.costUsd !== undefined || limits.some(({ usd }) => usd !== undefined), tokens: true }
  const estimated = providers.reduce((sum, [, provider]) => sum + provider.estimated.usd, 0)
  const agents = providers.reduce((sum, [, provider]) => sum + provider.estimated.agents, 0)
  const unknown = measures.flatMap((measure) => {
    const counts = providers.filter(([, provider]) => provider.unknown[measure] > 0)
    const each = counts.map(
      ([name, provider]) => `${plural(provider.unknown[measure], 'agent')} of ${cleanLine(name, 40)}`,
    )
    return matters[measure] && each.length > 0
      ? [`the ${names[measure]} of ${each.join(' and ')} unknown and not counted`]
      : []
  })
  const known = `${formatUsd(usage.costUsd ?? 0)} known`
  const about = `including an estimate of about ${formatUsd(estimated)} for ${plural(agents, 'agent')} cut off before the cost was reported`
  const all = [...(agents > 0 ? [about] : []), ...unknown]
  return all.length > 0 ? [known, ...all] : []
}
