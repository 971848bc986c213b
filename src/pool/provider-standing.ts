import type { EpochMs } from '../domain/brand.js'
import { msBetween, type Clock } from '../domain/clock.js'
import { formatProviderModel, type ProviderModel } from '../domain/agent/provider-model.js'

export interface StandingParts {
  /** The most slots at once, by `provider:model` or `provider`. */
  readonly caps: ReadonlyMap<string, number>
  readonly clock: Clock
  /** Told when a provider that could not be given work may be given some again. */
  readonly onOpened: () => void
}

/** A provider that is not given all the work that it could do. */
type Rest =
  | { readonly type: 'resting'; readonly until: EpochMs; readonly cancel: () => void }
  /** One agent goes first, on the slot `probe`; the others follow when it has been answered. */
  | { readonly type: 'probing'; readonly probe?: string }

/** Which providers may be given work: their caps, their cool-downs, and those that are stopped for good. */
export class ProviderStanding {
  readonly #parts: StandingParts
  readonly #stopped = new Set<string>()
  readonly #stoppedModels = new Set<string>()
  readonly #rests = new Map<string, Rest>()

  constructor(parts: StandingParts) {
    this.#parts = parts
  }

  /** Neither stopped nor resting nor at its cap, beside what is `held`. */
  mayStart(offer: ProviderModel, held: readonly ProviderModel[]): boolean {
    const rest = this.#rests.get(offer.provider)
    if (rest?.type === 'resting' || rest?.probe !== undefined) return false
    return !this.isOut(offer) && !this.#isFull(offer, held)
  }

  /** It, or its provider, is stopped for good. */
  isOut(offer: ProviderModel): boolean {
    return this.#stopped.has(offer.provider) || this.#stoppedModels.has(keyOf(offer))
  }

  stop(provider: string): void {
    this.#stopped.add(provider)
  }

  /** One model alone; without a name it is the one that the CLI uses when none is asked for. */
  stopModel(offer: ProviderModel): void {
    this.#stoppedModels.add(keyOf(offer))
  }

  /** The slot is that of the agent which goes first after a rest. */
  goesFirst(slotId: string): boolean {
    return [...this.#rests.values()].some((rest) => rest.type === 'probing' && rest.probe === slotId)
  }

  /** Until when it rests; undefined when it does not. */
  restsUntil(provider: string): EpochMs | undefined {
    const rest = this.#rests.get(provider)
    return rest?.type === 'resting' ? rest.until : undefined
  }

  /** A later call replaces an earlier one. */
  coolDown(provider: string, until: EpochMs): void {
    const { clock, onOpened } = this.#parts
    this.#cancel(provider)
    const cancel = clock.schedule(msBetween(clock.now(), until), () => {
      this.#rests.set(provider, { type: 'probing' })
      onOpened()
    })
    this.#rests.set(provider, { type: 'resting', until, cancel })
  }

  /** It has answered: after a rest, others may follow the first agent. */
  answered(provider: string): void {
    if (this.#rests.get(provider)?.type !== 'probing') return
    this.#rests.delete(provider)
    this.#parts.onOpened()
  }

  /** A slot was given to an agent of the provider. */
  started(provider: string, slotId: string): void {
    if (this.#rests.get(provider)?.type === 'probing') this.#rests.set(provider, { type: 'probing', probe: slotId })
  }

  /** A slot was given back. An agent that went first and was neither answered nor refused leaves that to the next. */
  released(slotId: string): void {
    for (const [provider, rest] of this.#rests) {
      if (rest.type === 'probing' && rest.probe === slotId) this.#rests.set(provider, { type: 'probing' })
    }
  }

  /** Ends all timers. */
  close(): void {
    for (const provider of this.#rests.keys()) this.#cancel(provider)
    this.#rests.clear()
  }

  #cancel(provider: string): void {
    const rest = this.#rests.get(provider)
    if (rest?.type === 'resting') rest.cancel()
  }

  /** A model counts for its provider, too: both caps hold. */
  #isFull(offer: ProviderModel, held: readonly ProviderModel[]): boolean {
    return [offer.provider, formatProviderModel(offer)].some((key) => {
      const cap = this.#parts.caps.get(key)
      return cap !== undefined && held.filter((other) => matchesKey(other, key)).length >= cap
    })
  }
}

function keyOf({ provider, model }: ProviderModel): string {
  return JSON.stringify([provider, model])
}

function matchesKey(offer: ProviderModel, key: string): boolean {
  return formatProviderModel(offer) === key || offer.provider === key
}
