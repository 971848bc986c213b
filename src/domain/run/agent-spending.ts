import { addUsage, noUsage, subtractUsage, tokensOf, type Usage } from '../agent/agent-event.js'
import type { Counted, Measure } from '../accounts/counted.js'

/** What agents of one provider used, over the whole journal. */
export interface ProviderSpending {
  /** Money as far as it is known. */
  readonly usage: Usage
  /** How many have ended that used something. */
  readonly agents: number
  /** How many agents had an unknown cost or unknown tokens, and how many in a row at the end. */
  readonly unknown: Readonly<Record<Measure, number>>
  readonly inARow: Readonly<Record<Measure, number>>
  /** The estimated part of the money, and for how many agents. */
  readonly estimated: { readonly agents: number; readonly usd: number }
}

export const measures: readonly Measure[] = ['usd', 'tokens']

export const noSpending: ProviderSpending = {
  usage: noUsage,
  agents: 0,
  unknown: { usd: 0, tokens: 0 },
  inARow: { usd: 0, tokens: 0 },
  estimated: { agents: 0, usd: 0 },
}

/** What an agent was counted with, and the count of earlier turns that this replaces. */
export interface CountedAgent extends Counted {
  readonly replaces?: readonly Counted[]
}

/** The sum with an agent that has ended. */
export function addCounted(sum: Usage, { usage, replaces = [] }: CountedAgent): Usage {
  return replaces.reduce((left, replaced) => subtractUsage(left, replaced.usage), addUsage(sum, usage))
}

export function addAgent(spending: ProviderSpending, agent: CountedAgent): ProviderSpending {
  const { usage, unknown = [], replaces = [] } = agent
  // An agent that ended at once because of its account says nothing about what agents spend.
  const counts = tokensOf(usage) > 0 || (usage.costUsd ?? 0) > 0
  return {
    usage: addCounted(spending.usage, agent),
    agents: spending.agents + (counts ? 1 : 0),
    unknown: eachMeasure(
      (measure) => spending.unknown[measure] + countOf(measure, [agent]) - countOf(measure, replaces),
    ),
    inARow: eachMeasure((measure) => {
      if (unknown.includes(measure)) return spending.inARow[measure] + 1
      // An estimate doesn't show that the CLI reports it again.
      return counts && !agent.estimated ? 0 : spending.inARow[measure]
    }),
    estimated: replaces.reduce(
      (sum, replaced) => addEstimate(sum, replaced, -1),
      addEstimate(spending.estimated, agent, 1),
    ),
  }
}

function countOf(measure: Measure, ones: readonly Counted[]): number {
  return ones.filter(({ unknown = [] }) => unknown.includes(measure)).length
}

function eachMeasure(count: (measure: Measure) => number): Record<Measure, number> {
  return { usd: count('usd'), tokens: count('tokens') }
}

type Estimated = ProviderSpending['estimated']

function addEstimate(sum: Estimated, { usage, estimated }: Counted, sign: 1 | -1): Estimated {
  if (!estimated || usage.costUsd === undefined) return sum
  return { agents: sum.agents + sign, usd: Math.max(0, sum.usd + sign * usage.costUsd) }
}

/** What a model's agents have cost in USD, and the weighted usage that they had reported along the way. */
export interface Rate {
  readonly usd: number
  readonly weight: number
}

const noRate: Rate = { usd: 0, weight: 0 }

/**
 * The relative cost of kinds of tokens: cached input a tenth of input, output five times as much. Source: the list
 * prices of Anthropic's models, which all have this ratio.
 */
export function weightOf({ inputTokens, cachedInputTokens, outputTokens }: Usage): number {
  return Math.max(0, inputTokens - cachedInputTokens) + cachedInputTokens / 10 + outputTokens * 5
}

/** Learns from an agent that reported both: its usage along the way, and its cost at the end. */
export function addToRate(
  rate: Rate = noRate,
  { usage, estimated, replaces = [] }: CountedAgent,
  streamed: Usage | undefined,
): Rate {
  const { costUsd } = usage
  if (!streamed || costUsd === undefined || estimated || replaces.length > 0) return rate
  return { usd: rate.usd + costUsd, weight: rate.weight + weightOf(streamed) }
}

/** What such tokens would have cost with this model; undefined if nothing is known about it. */
export function costByRate(usage: Usage, rate: Rate | undefined): number | undefined {
  return rate && rate.weight > 0 ? (weightOf(usage) * rate.usd) / rate.weight : undefined
}
