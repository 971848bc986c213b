import type { EpochMs } from '../domain/brand.js'
import type { ProviderModel } from '../domain/agent/provider-model.js'
import type { Stuck } from './contract.js'

/** What is known of the providers that could serve what waits. */
export interface StuckParts {
  readonly offers: readonly ProviderModel[]
  readonly isOut: (offer: ProviderModel) => boolean
  readonly isAdmitted: (offer: ProviderModel) => boolean
  /** The end of its cool-down, if it has one. */
  readonly coolDownUntil: (provider: string) => EpochMs | undefined
}

/** Why nothing of what waits may start, where that lies with the providers alone. */
export function whyStuck({ offers, isOut, isAdmitted, coolDownUntil }: StuckParts): Stuck | undefined {
  const coolDowns = new Map<string, EpochMs>()
  const refused = new Set<string>()
  for (const offer of offers) {
    if (isOut(offer)) continue
    const { provider } = offer
    const until = coolDownUntil(provider)
    if (!isAdmitted(offer)) refused.add(provider)
    else if (until === undefined) return undefined
    else coolDowns.set(provider, until)
  }
  const [first, ...others] = [...coolDowns].sort(([, a], [, b]) => a - b)
  if (first) return { until: first[1], providers: [first, ...others].map(([provider]) => provider) }
  return refused.size > 0 ? { providers: [...refused] } : undefined
}

export function isSameStuck(a: Stuck | undefined, b: Stuck | undefined): boolean {
  return a?.until === b?.until && a?.providers.join('\n') === b?.providers.join('\n')
}
