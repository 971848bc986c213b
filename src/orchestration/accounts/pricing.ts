import { costByRate } from '../../domain/run/agent-spending.js'
import { priceOf, type Prices } from '../../domain/accounts/price.js'
import { formatProviderModel } from '../../domain/agent/provider-model.js'
import type { Pricing } from '../../domain/accounts/turn-count.js'
import type { Recorder } from '../recorder.js'

/** What tokens of a model cost: by `prices:`, and for an estimate by what it has cost in this run so far. */
export function pricingOf(
  provider: string,
  model: string | undefined,
  { prices, recorder }: { readonly prices: Prices; readonly recorder: Recorder },
): Pricing {
  const offer = { provider, ...(model === undefined ? {} : { model }) }
  return {
    byPrice: (usage) => priceOf(usage, offer, prices),
    byRate: (usage) => costByRate(usage, recorder.state.rates.get(formatProviderModel(offer))),
  }
}
