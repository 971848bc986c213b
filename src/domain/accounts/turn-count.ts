import { addUsage, subtractUsage, tokensOf, usageSince, withCost, type Usage } from '../agent/agent-event.js'
import {
  compact,
  settleEarlier,
  toldBy,
  usageOfAll,
  type Baseline,
  type Counted,
  type EarlierTurn,
  type Measure,
  type Settled,
} from './counted.js'

/** What a process has reported about its usage. */
export interface TurnUse {
  /** The last total of its conversation; `noUsage` if it reported none. */
  readonly total: Usage
  /** The sum of the reported calls of the model, with their cost if the CLI reports it for each. */
  readonly reported: Usage
  /** Those reported after the last total. */
  readonly unsettled: Usage
  /** The model has said or done something. */
  readonly answered: boolean
  /** What happened to the CLI's own count: saved when its process ended, lost with it, or nobody saw its end. */
  readonly count: 'saved' | 'lost' | 'unseen'
}

/** What tokens cost in USD: by their price, or, for an estimate, by what such tokens have cost before. */
export interface Pricing {
  readonly byPrice: (usage: Usage) => number | undefined
  readonly byRate: (usage: Usage) => number | undefined
}

/** What a turn is counted with. */
export interface TurnCount extends Counted {
  /** What was counted for earlier turns of the conversation and is in `usage`, too: it no longer counts. */
  readonly replaces?: readonly Counted[]
  /** What to compare the conversation's next total with. */
  readonly after: Baseline
}

/** Counts a turn by the conversation's total, and by the calls of the model for what no total includes. */
export function countTurn(use: TurnUse, earlier: Baseline, pricing: Pricing): TurnCount {
  const { total, reported, unsettled } = use
  const settled = settleEarlier(total, reported.inputTokens - unsettled.inputTokens, earlier)
  const since = usageSince(total, earlier.total)
  const unincluded = outsideTotal(use, since, pricing)
  const tokens = toldBy(total).tokens ? addUsage(since, unincluded.usage) : unincluded.usage
  const counted = { ...unincluded, usage: withCost(tokens, sum(since.costUsd, unincluded.usage.costUsd)) }
  const after = baselineAfter(use, earlier, settled, { counted, unincluded })
  return { ...counted, ...(settled.taken.length === 0 ? {} : { replaces: settled.taken }), after }
}

/** What its total doesn't include: what came after it, and each measure that it lacks. */
function outsideTotal({ total, reported, unsettled, answered }: TurnUse, since: Usage, pricing: Pricing): Counted {
  const told = toldBy(total)
  const tokens = told.tokens ? unsettled : reported
  const rest = told.tokens || told.usd ? unsettled : reported
  const silent = told.tokens && !told.usd
  const costUsd = silent ? pricing.byPrice(addUsage(since, unsettled)) : (rest.costUsd ?? estimate(rest, pricing))
  const used = answered || tokensOf(reported) > 0 || told.tokens
  const unknown: readonly Measure[] = [
    ...(used && !told.usd && costUsd === undefined ? (['usd'] as const) : []),
    ...(used && !told.tokens && tokensOf(tokens) === 0 ? (['tokens'] as const) : []),
  ]
  return {
    usage: withCost(tokens, costUsd),
    ...(tokensOf(rest) > 0 && rest.costUsd === undefined ? { estimated: true } : {}),
    ...(unknown.length > 0 ? { unknown } : {}),
  }
}

function estimate(usage: Usage, { byPrice, byRate }: Pricing): number | undefined {
  return tokensOf(usage) === 0 ? undefined : (byPrice(usage) ?? byRate(usage))
}

function baselineAfter(
  { total, count }: TurnUse,
  { total: earlierTotal }: Baseline,
  { taken, left }: Settled,
  { counted, unincluded }: { readonly counted: Counted; readonly unincluded: Counted },
): Baseline {
  if (count === 'saved') return baseline(latest(total, earlierTotal), [...left, unincluded])
  // If nobody saw the process save its count, the next total may start from what was saved before.
  const known = taken.map(({ usage }) => ({ usage }))
  if (count === 'lost') return baseline(earlierTotal, [...left, ...known])
  const own = subtractUsage(counted.usage, usageOfAll(taken))
  return baseline(earlierTotal, [...left, ...known, { ...counted, usage: own, unsure: true }])
}

/** The last value of each measure. A total of 0 isn't a total: the CLI didn't get to the conversation. */
function latest(total: Usage, earlier: Usage): Usage {
  const tokens = toldBy(total).tokens ? total : earlier
  return withCost(tokens, total.costUsd === 0 ? earlier.costUsd : (total.costUsd ?? earlier.costUsd))
}

function baseline(total: Usage, turns: readonly EarlierTurn[]): Baseline {
  const since = compact(turns)
  return since.length === 0 ? { total } : { total, since }
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)
}
