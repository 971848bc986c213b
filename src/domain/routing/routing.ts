import type { ProviderModel } from '../agent/provider-model.js'
import type { Complexity, Task } from '../roadmap/task.js'

/** What a reservation asks for. */
export interface RouteRequest {
  /** One of these, in order of preference. */
  readonly providers?: readonly string[]
  readonly model?: string
  /** Exactly this provider and model, whatever routes say: a conversation continues where it began. */
  readonly exactly?: ProviderModel
  readonly complexity: Complexity
}

/** What a task asks for. A `run:` task is its own command: a provider or model that it names doesn't count. */
export function routeRequestOf({ run, providers, model, complexity }: Task): RouteRequest {
  if (run !== undefined) return { providers: [commandProvider], complexity }
  return { complexity, ...(providers === undefined ? {} : { providers }), ...(model === undefined ? {} : { model }) }
}

/** What the configuration and the command line say about routing. */
export interface RoutePolicy {
  /** For each class of complexity, providers in order of preference. */
  readonly routes: Partial<Readonly<Record<Complexity, readonly ProviderModel[]>>>
  /** Names of all providers that can be started, including those that only a task or a route asks for. */
  readonly usable: readonly string[]
  /** What serves a task that asks for nothing, all usable; in the order of `--provider` if `ordered`. */
  readonly providers: readonly ProviderModel[]
  /** False if nobody chose providers: then all usable ones are equal and the least busy one serves. */
  readonly ordered: boolean
}

/** The provider of `run:` tasks. It runs on any slot and needs no agent CLI. */
export const commandProvider = 'command'

/**
 * What may serve a request, best tier first; inside a tier all are equal. In this order: what the task asks for; the
 * route of its complexity; the order of `--provider`. A route without a usable provider falls through to the general
 * order, because work should not stop for a preference; what the task itself asks for doesn't fall through.
 */
export function tiersFor(request: RouteRequest, policy: RoutePolicy): readonly (readonly ProviderModel[])[] {
  if (request.providers?.includes(commandProvider)) return [[{ provider: commandProvider }]]
  if (request.exactly) return policy.usable.includes(request.exactly.provider) ? [[request.exactly]] : []
  const offers = policy.providers.map((offer) => withModel(offer, request.model))
  if (request.providers) {
    const usable = request.providers.filter((name) => policy.usable.includes(name))
    return usable.flatMap((name) => {
      const asked = offers.filter(({ provider }) => provider === name)
      return (asked.length > 0 ? asked : [withModel({ provider: name }, request.model)]).map((offer) => [offer])
    })
  }
  const route = (policy.routes[request.complexity] ?? [])
    .filter(({ provider }) => policy.usable.includes(provider))
    .map((offer) => withModel(offer, request.model))
  const routed = new Set(route.map(({ provider }) => provider))
  const general = offers.filter(({ provider }) => !routed.has(provider))
  const tiers = policy.ordered ? general.map((offer) => [offer]) : [general]
  return [...route.map((offer) => [offer]), ...tiers].filter((tier) => tier.length > 0)
}

function withModel(offer: ProviderModel, model: string | undefined): ProviderModel {
  return model === undefined ? offer : { provider: offer.provider, model }
}

/** What the pool knows of a provider:model at one moment. */
export interface ProviderLoad {
  /** Slots that the provider holds. */
  readonly busy: number
  /** Neither stopped nor cooling down nor at its cap, and an idle slot may serve it. */
  readonly available: boolean
}

/** The least busy provider of the first tier with an available one. */
export function choose(
  tiers: readonly (readonly ProviderModel[])[],
  load: (offer: ProviderModel) => ProviderLoad,
): ProviderModel | undefined {
  for (const tier of tiers) {
    let best: { offer: ProviderModel; busy: number } | undefined
    for (const offer of tier) {
      const { busy, available } = load(offer)
      if (available && (!best || busy < best.busy)) best = { offer, busy }
    }
    if (best) return best.offer
  }
  return undefined
}
