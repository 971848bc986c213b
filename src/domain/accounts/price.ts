import type { Usage } from '../agent/agent-event.js'
import { formatProviderModel, type ProviderModel } from '../agent/provider-model.js'

/** USD per million tokens. */
export interface Price {
  readonly input: number
  /** Of input that was cached; without, as `input`. */
  readonly cachedInput?: number
  readonly output: number
}

/** By `provider:model`, or by `provider` for all its models that have no price of their own. */
export type Prices = Readonly<Record<string, Price>>

export function priceFor(offer: ProviderModel, prices: Prices): Price | undefined {
  return [formatProviderModel(offer), offer.provider].flatMap((key) =>
    Object.hasOwn(prices, key) ? (prices[key] ?? []) : [],
  )[0]
}

/** What tokens cost in USD by their price, where there is one. */
export function priceOf(usage: Usage, offer: ProviderModel, prices: Prices): number | undefined {
  const price = priceFor(offer, prices)
  if (!price) return undefined
  const { inputTokens, cachedInputTokens, outputTokens } = usage
  const { input, cachedInput = input, output } = price
  const fresh = Math.max(0, inputTokens - cachedInputTokens)
  return (fresh * input + cachedInputTokens * cachedInput + outputTokens * output) / 1e6
}
