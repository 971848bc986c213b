import type { ProviderModel } from '../domain/agent/provider-model.js'
import type { AgentSlot, HeldOffer } from './contract.js'
import type { Demand } from './waiting-list.js'

/** Who holds a slot, and as what. */
export interface Holding {
  readonly offer: ProviderModel
  readonly demand: Demand
  readonly release: () => void
}

interface Slot {
  readonly id: string
  /** Reservations that it has served. */
  served: number
  /** It is taken away once it is released. */
  isLeaving: boolean
  held?: Holding
}

/** The slots of a pool, idle or held. */
export class Slots {
  readonly #slots = new Map<string, Slot>()
  /** By slot; asked for several times at each start, and so kept. */
  readonly #offers = new Map<string, HeldOffer>()

  get size(): number {
    return this.#slots.size
  }

  get busy(): number {
    return this.#offers.size
  }

  get hasIdle(): boolean {
    return this.#offers.size < this.#slots.size
  }

  add({ id }: AgentSlot): void {
    const known = this.#slots.get(id)
    if (known && !known.isLeaving) throw new Error(`slot ${id} is in the pool already`)
    if (known) known.isLeaving = false
    else this.#slots.set(id, { id, served: 0, isLeaving: false })
  }

  /** Whether it is gone; one that is held goes when it is released. */
  remove(id: string): boolean {
    const slot = this.#slots.get(id)
    if (!slot) throw new Error(`slot ${id} is not in the pool`)
    slot.isLeaving = true
    return this.#dropLeaving(slot)
  }

  heldOffers(): readonly HeldOffer[] {
    return [...this.#offers.values()]
  }

  holding(id: string): Holding | undefined {
    return this.#slots.get(id)?.held
  }

  /** An idle slot: the one preferred, else that which has served least, so that all are used. */
  idle(prefers?: string): string | undefined {
    const preferred = prefers === undefined ? undefined : this.#slots.get(prefers)
    if (preferred && !preferred.held) return preferred.id
    let best: Slot | undefined
    for (const slot of this.#slots.values()) {
      if (!slot.held && (!best || slot.served < best.served)) best = slot
    }
    return best?.id
  }

  hold(id: string, holding: Holding): void {
    const slot = this.#slots.get(id)
    if (!slot || slot.held) throw new Error(`slot ${id} is not idle`)
    slot.served++
    slot.held = holding
    this.#offers.set(id, { ...holding.offer, slot: id })
  }

  /** Throws when it is not held. `isGone`: it was to be taken away. */
  release(id: string): Holding & { readonly isGone: boolean } {
    const slot = this.#slots.get(id)
    const held = slot?.held
    if (!held) throw new Error(`slot ${id} is not reserved`)
    delete slot.held
    this.#offers.delete(id)
    return { ...held, isGone: this.#dropLeaving(slot) }
  }

  #dropLeaving({ id, held, isLeaving }: Slot): boolean {
    return isLeaving && !held && this.#slots.delete(id)
  }
}
