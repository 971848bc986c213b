import type { Actor } from '../../domain/actor.js'
import { changeSlots, slotsAfter, type Numbers, type SlotChange } from '../../domain/agent/slot-change.js'
import { slotId, slotNumber } from '../../domain/agent/work-number.js'
import type { Result } from '../../domain/result.js'
import type { Answer } from '../../domain/run/control.js'
import type { Recorder } from '../../orchestration/recorder.js'
import type { AgentPool } from '../../pool/contract.js'

export interface RunSlotsParts {
  readonly pool: Pick<AgentPool, 'addAgent' | 'removeAgent' | 'isHeld' | 'on'>
  readonly recorder: Pick<Recorder, 'record'>
  readonly numbers: Numbers
  readonly most: MostSlots
  /** Gives the numbers up to this one what is theirs alone, such as ports; or tells why there is not enough. */
  readonly growTo: (number: number) => Promise<Result<void, string>>
}

/** How many slots the run may have at any time, and why no more; known at its start, when nothing else has files open. */
export interface MostSlots {
  readonly count: number
  readonly why?: string
}

/** The agent slots of a run, whose number may change while it is at work. */
export class RunSlots {
  readonly #parts: RunSlotsParts
  #ids: readonly string[]
  #isOpen = false
  #changing: Promise<unknown> = Promise.resolve()
  readonly #listeners: (() => void)[] = []

  constructor(parts: RunSlotsParts) {
    this.#parts = parts
    this.#ids = Array.from({ length: parts.numbers.first }, (_, index) => slotId(index + 1))
  }

  /** How many there are to be; one that goes may still be held. */
  get count(): number {
    return this.#ids.length
  }

  /** Told when their number has changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Told of each slot that is gone; it may come again. */
  onRemoved(listener: (id: string) => void): void {
    this.#parts.pool.on('agent:removed', listener)
  }

  /** Puts them into the pool. */
  open(): void {
    this.#isOpen = true
    for (const id of this.#ids) this.#parts.pool.addAgent({ id })
  }

  /** Changes their number, or as far as there is room; one change after the other. */
  change(wanted: number, by: Actor): Promise<Answer> {
    const changed = this.#changing.then(() => this.#change(wanted, by))
    this.#changing = changed.catch(() => undefined)
    return changed
  }

  async #change(wanted: number, by: Actor): Promise<Answer> {
    const { pool, most, numbers, recorder, growTo } = this.#parts
    const isBusy = (id: string) => this.#isOpen && pool.isHeld(id)
    const fitting = Math.max(Math.min(wanted, most.count), 1)
    let why = fitting < wanted ? most.why : undefined
    let change = changeSlots(this.#ids, fitting, { numbers, isBusy })
    if (change.add.length > 0) {
      const grown = await growTo(Math.max(...change.add.map(slotNumber)))
      if (!grown.ok) {
        why = grown.error
        change = { add: [], remove: [] }
      }
    }
    const isChanged = change.add.length + change.remove.length > 0
    if (isChanged) this.#apply(change)
    if (isChanged) void recorder.record({ type: 'slots_changed', by, slots: this.#ids })
    return { type: 'slots', changed: isChanged, count: this.count, ...(why === undefined ? {} : { why }) }
  }

  #apply(change: SlotChange): void {
    const { pool } = this.#parts
    this.#ids = slotsAfter(this.#ids, change)
    if (!this.#isOpen) return
    for (const id of change.add) pool.addAgent({ id })
    for (const id of change.remove) pool.removeAgent(id)
    for (const listener of this.#listeners) listener()
  }
}
