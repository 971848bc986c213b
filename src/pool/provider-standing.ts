import type { Clock } from '../domain/clock.js'
import { formatProviderModel, type ProviderModel } from '../domain/provider-model.js'

export interface StandingParts {
  /** The most slots at once, by `provider:model` or `provider`. */
  readonly caps: ReadonlyMap<string, number>
  readonly clock: Clock
  /** Told when a provider that could not be given work may be given some again. */
  readonly onOpened: () => void
}

/** Which providers may be given work: their caps, their cool-downs, and those that are stopped for good. */
export class ProviderStanding {
  readonly #parts: StandingParts
  readonly #stopped = new Set<string>()
  readonly #coolDowns = new Map<string, () => void>()

  constructor(parts: StandingParts) {
    this.#parts = parts
  }

  /** Neither stopped nor cooling down nor at its cap, beside what is `held`. */
  mayStart(offer: ProviderModel, held: readonly ProviderModel[]): boolean {
    return !this.isStopped(offer.provider) && !this.#coolDowns.has(offer.provider) && !this.#isFull(offer, held)
  }

  isStopped(provider: string): boolean {
    return this.#stopped.has(provider)
  }

  stop(provider: string): void {
    this.#stopped.add(provider)
  }

  /** A later call replaces an earlier one. `until` in epoch ms. */
  coolDown(provider: string, until: number): void {
    const { clock, onOpened } = this.#parts
    this.#coolDowns.get(provider)?.()
    const cancel = clock.schedule(until - clock.now(), () => {
      this.#coolDowns.delete(provider)
      onOpened()
    })
    this.#coolDowns.set(provider, cancel)
  }

  /** Ends all timers. */
  close(): void {
    for (const cancel of this.#coolDowns.values()) cancel()
    this.#coolDowns.clear()
  }

  /** A model counts for its provider, too: both caps hold. */
  #isFull(offer: ProviderModel, held: readonly ProviderModel[]): boolean {
    return [offer.provider, formatProviderModel(offer)].some((key) => {
      const cap = this.#parts.caps.get(key)
      return cap !== undefined && held.filter((other) => matchesKey(other, key)).length >= cap
    })
  }
}

function matchesKey(offer: ProviderModel, key: string): boolean {
  return formatProviderModel(offer) === key || offer.provider === key
}
