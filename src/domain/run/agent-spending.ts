import { addUsage, noUsage, subtractUsage, tokensOf, type Usage } from '../agent/agent-event.js'
import type { Counted, Measure } from '../accounts/counted.js'

/** What agents of one provider used, over the whole journal. */
export interface ProviderSpending {
  /** Money as far as it is known. */
  readonly usage: Usage
  /** How many have ended that used something. */
  readonly agents: number
  /** Those of which the cost or the tokens are not known, and how many of them came last, one after the other. */
  readonly unknown: Readonly<Record<Measure, number>>
  readonly inARow: Readonly<Record<Measure, number>>
  /** What of the money is estimated, and for how many agents. */
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

/** What an agent was counted with, and what of earlier turns of its conversation that replaces. */
export interface CountedAgent extends Counted {
  readonly replaces?: readonly Counted[]
}

/** The sum with an agent that has ended. */
export function addCounted(sum: Usage, { usage, replaces = [] }: CountedAgent): Usage {
  return replaces.reduce((left, one) => subtractUsage(left, one.usage), addUsage(sum, usage))
}

export function addAgent(before: ProviderSpending, agent: CountedAgent): ProviderSpending {
  const { usage, unknown = [], replaces = [] } = agent
  // One that an account's trouble ended at once says nothing about what agents spend.
  const counts = tokensOf(usage) > 0 || (usage.costUsd ?? 0) > 0
  return {
    usage: addCounted(before.usage, agent),
    agents: before.agents + (counts ? 1 : 0),
    unknown: eachMeasure((of) => before.unknown[of] + countOf(of, [agent]) - countOf(of, replaces)),
    inARow: eachMeasure((of) => {
      if (unknown.includes(of)) return before.inARow[of] + 1
      // What is estimated does not show that the CLI tells it again.
      return counts && !agent.estimated ? 0 : before.inARow[of]
    }),
    estimated: replaces.reduce((sum, one) => addEstimate(sum, one, -1), addEstimate(before.estimated, agent, 1)),
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

/** What the agents of a model have cost in USD, and how much they had told on the way that they used, weighed. */
export interface Rate {
  readonly usd: number
  readonly weight: number
}

const noRate: Rate = { usd: 0, weight: 0 }

/**
 * Kinds of tokens by what they cost: to one of input a cached one is as a tenth, one of output as five. Source: the list
 * prices of Anthropic's models, which all stand so to each other.
 */
export function weightOf({ inputTokens, cachedInputTokens, outputTokens }: Usage): number {
  return Math.max(0, inputTokens - cachedInputTokens) + cachedInputTokens / 10 + outputTokens * 5
}

/** Learns from an agent that told both: what it used on the way, and in the end what it cost. */
export function addToRate(
  before: Rate = noRate,
  { usage, estimated, replaces = [] }: CountedAgent,
  streamed: Usage | undefined,
): Rate {
  const { costUsd } = usage
  if (!streamed || costUsd === undefined || estimated || replaces.length > 0) return before
  return { usd: before.usd + costUsd, weight: before.weight + weightOf(streamed) }
}

/** What such tokens would have cost of this model; undefined where nothing is known of it. */
export function costByRate(usage: Usage, rate: Rate | undefined): number | undefined {
  return rate && rate.weight > 0 ? (weightOf(usage) * rate.usd) / rate.weight : undefined
}
