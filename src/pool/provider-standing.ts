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

/** The wall clock goes on while a run stands still after Ctrl-Z, and timers do not: it is looked at so often, ms. */
const longestWaitMs = 30_000

/** A provider that is not given all the work that it could do. */
type CoolDown =
  | { readonly type: 'cooling_down'; readonly until: EpochMs; readonly cancel: () => void }
  /** One agent goes first, on the slot `probe`; the others follow when it has been answered. */
  | { readonly type: 'probing'; readonly probe?: string }

/** Which providers may be given work: their caps, their cool-downs, and those that are stopped for good. */
export class ProviderStanding {
  readonly #parts: StandingParts
  readonly #stopped = new Set<string>()
  readonly #stoppedModels = new Set<string>()
  readonly #coolDowns = new Map<string, CoolDown>()

  constructor(parts: StandingParts) {
    this.#parts = parts
  }

  /** Neither stopped nor cooling down nor at its cap, beside what is `held`. */
  mayStart(offer: ProviderModel, held: readonly ProviderModel[]): boolean {
    const coolDown = this.#coolDowns.get(offer.provider)
    if (coolDown?.type === 'cooling_down' || coolDown?.probe !== undefined) return false
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

  /** The slot is that of the agent which goes first after a cool-down. */
  goesFirst(slotId: string): boolean {
    return [...this.#coolDowns.values()].some((coolDown) => coolDown.type === 'probing' && coolDown.probe === slotId)
  }

  /** The end of its cool-down, if it has one. */
  coolDownUntil(provider: string): EpochMs | undefined {
    const coolDown = this.#coolDowns.get(provider)
    return coolDown?.type === 'cooling_down' ? coolDown.until : undefined
  }

  /** A later call replaces an earlier one. */
  coolDown(provider: string, until: EpochMs): void {
    const { clock, onOpened } = this.#parts
    this.#cancel(provider)
    const left = msBetween(clock.now(), until)
    const cancel = clock.schedule(Math.min(left, longestWaitMs), () => {
      if (left > longestWaitMs) {
        this.coolDown(provider, until)
        return
      }
      this.#coolDowns.set(provider, { type: 'probing' })
      onOpened()
    })
    this.#coolDowns.set(provider, { type: 'cooling_down', until, cancel })
  }

  /** It has answered: after a cool-down, others may follow the first agent. */
  answered(provider: string): void {
    if (this.#coolDowns.get(provider)?.type !== 'probing') return
    this.#coolDowns.delete(provider)
    this.#parts.onOpened()
  }

  /** A slot was given to an agent of the provider. */
  started(provider: string, slotId: string): void {
    if (this.#coolDowns.get(provider)?.type === 'probing')
      this.#coolDowns.set(provider, { type: 'probing', probe: slotId })
  }

  /** A slot was given back. An agent that went first and was neither answered nor refused leaves that to the next. */
  released(slotId: string): void {
    for (const [provider, coolDown] of this.#coolDowns) {
      if (coolDown.type === 'probing' && coolDown.probe === slotId) this.#coolDowns.set(provider, { type: 'probing' })
    }
  }

  /** Ends all timers. */
  close(): void {
    for (const provider of this.#coolDowns.keys()) this.#cancel(provider)
    this.#coolDowns.clear()
  }

  #cancel(provider: string): void {
    const coolDown = this.#coolDowns.get(provider)
    if (coolDown?.type === 'cooling_down') coolDown.cancel()
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
