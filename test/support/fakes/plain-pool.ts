import { EventEmitter } from 'node:events'
import type { EpochMs, TaskId } from '../../../src/domain/brand.js'
import type { ProviderModel } from '../../../src/domain/agent/provider-model.js'
import { compareRanks } from '../../../src/domain/roadmap/schedule.js'
import type { Complexity } from '../../../src/domain/roadmap/task.js'
import { choose, tiersFor } from '../../../src/domain/routing/routing.js'
import type { QueueCounts } from '../../../src/domain/run/event.js'
import { AbortListeners } from '../../../src/pool/abort-listeners.js'
import type {
  Admission,
  Agent,
  AgentPool,
  AgentSlot,
  HeldOffer,
  PoolEvents,
  ReservationRequest,
  Stuck,
} from '../../../src/pool/contract.js'
import type { PoolOptions } from '../../../src/pool/local-pool.js'
import { ProviderStanding } from '../../../src/pool/provider-standing.js'
import { ReservationError, unservable, withdrawn } from '../../../src/pool/reservation-error.js'
import { whyStuck } from '../../../src/pool/stuck.js'

interface Reservation {
  readonly task: ReservationRequest
  readonly complexity: Complexity
  readonly resolve: (agent: Agent) => void
  readonly reject: (error: Error) => void
}

interface Slot {
  served: number
  isLeaving?: true
  held?: { readonly offer: ProviderModel; readonly task: ReservationRequest }
}

/**
 * A second pool, as simple as possible: one list, searched from its beginning at the end of each turn in which
 * anything happened. No library, and no care for speed. The pool's suite runs on it, too, so that it tests the contract
 * and not how one pool is made.
 */
export class PlainPool extends EventEmitter<PoolEvents> implements AgentPool {
  counts: QueueCounts = { queueLength: 0, busyAgents: 0, availableAgents: 0 }
  prepared = 0
  readonly #options: PoolOptions
  readonly #standing: ProviderStanding
  readonly #slots = new Map<string, Slot>()
  readonly #aborts = new AbortListeners()
  #waiting: Reservation[] = []
  readonly #pauses = new Set<string>()
  #shut: { readonly reason: 'unservable' | 'stopped'; readonly message: string } | undefined
  #admits: Admission = () => true
  #told = 'undefined'
  #isDue = false

  constructor(options: PoolOptions) {
    super()
    this.#options = options
    const caps = options.caps ?? new Map<string, number>()
    this.#standing = new ProviderStanding({ caps, clock: options.clock, onOpened: () => this.#look() })
  }

  addAgent({ id }: AgentSlot): void {
    const known = this.#slots.get(id)
    if (known && !known.isLeaving) throw new Error(`${id} is there already`)
    if (known) delete known.isLeaving
    else this.#slots.set(id, { served: 0 })
    this.#look()
  }

  removeAgent(id: string): void {
    const slot = this.#slots.get(id)
    if (!slot) throw new Error(`${id} is not there`)
    slot.isLeaving = true
    this.#dropLeaving(id, slot)
    this.#look()
  }

  withdraw(taskId: TaskId): void {
    for (const reservation of this.#waiting) {
      if (reservation.task.id === taskId) this.#reject(reservation, withdrawn(taskId))
    }
  }

  reserveAgent(
    task: ReservationRequest,
    complexity: Complexity,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Agent> {
    if (signal?.aborted) return Promise.reject(withdrawn(task.id))
    const refusal = this.#refusal(task, complexity)
    if (refusal) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const reservation = { task, complexity, resolve, reject }
      this.#waiting.push(reservation)
      const withdraw = () => this.#reject(reservation, withdrawn(task.id))
      this.#aborts.add(signal, withdraw)
      this.#look()
    })
  }

  unservable(task: ReservationRequest, complexity: Complexity): string | undefined {
    return this.#refusal(task, complexity)?.message
  }

  releaseAgent(id: string): void {
    const slot = this.#slots.get(id)
    if (!slot?.held) throw new Error(`${id} is not reserved`)
    delete slot.held
    this.#standing.released(id)
    this.#dropLeaving(id, slot)
    this.#look()
  }

  giveBackUnused(id: string): void {
    if (this.#slots.get(id)?.held?.task.needsWorkspace) this.prepared++
    this.releaseAgent(id)
  }

  isHeld(id: string): boolean {
    return this.#slots.get(id)?.held !== undefined
  }

  isStillGranted(id: string): boolean {
    const held = this.#slots.get(id)?.held
    if (!held || this.#shut || this.#standing.isOut(held.offer)) return false
    return this.#standing.coolDownUntil(held.offer.provider) === undefined && !this.#waitsForPause(held.task)
  }

  setPrepared(count: number): void {
    this.prepared = count
    this.#look()
  }

  admitBy(admits: Admission): void {
    this.#admits = admits
    this.#look()
  }

  reconsider(): void {
    if (this.#told !== 'undefined') this.#told = 'to be told again'
    this.#look()
  }

  coolDown(provider: string, until: EpochMs): void {
    this.#standing.coolDown(provider, until)
    this.#look()
  }

  answered(provider: string): void {
    this.#standing.answered(provider)
  }

  goesFirst(id: string): boolean {
    return this.#standing.goesFirst(id)
  }

  stopProvider(provider: string): void {
    this.#standing.stop(provider)
    this.#rejectUnservable()
  }

  stopModel(offer: ProviderModel): void {
    this.#standing.stopModel(offer)
    this.#rejectUnservable()
  }

  isOut(offer: ProviderModel): boolean {
    return this.#standing.isOut(offer)
  }

  pause(isPaused: boolean, why = 'base'): void {
    if (isPaused) this.#pauses.add(why)
    else this.#pauses.delete(why)
    this.#look()
  }

  shut(message: string): void {
    this.#shut ??= { reason: 'unservable', message }
    this.#rejectUnservable()
  }

  drain(message: string): void {
    this.#shut ??= { reason: 'stopped', message }
    this.#rejectUnservable()
  }

  close(): void {
    this.#standing.close()
  }

  #dropLeaving(id: string, { held, isLeaving }: Slot): void {
    if (held || !isLeaving) return
    this.#slots.delete(id)
    this.emit('agent:removed', id)
  }

  #refusal(task: ReservationRequest, complexity: Complexity): ReservationError | undefined {
    if (this.#shut) return new ReservationError(this.#shut.reason, this.#shut.message)
    const offers = this.#tiers({ task, complexity }).flat()
    return offers.every((offer) => this.#standing.isOut(offer)) ? unservable(task.id, task.providers) : undefined
  }

  #reject(reservation: Reservation, error: Error): void {
    if (!this.#waiting.includes(reservation)) return
    this.#waiting = this.#waiting.filter((other) => other !== reservation)
    reservation.reject(error)
    this.#look()
  }

  #rejectUnservable(): void {
    for (const reservation of this.#waiting) {
      const refusal = this.#refusal(reservation.task, reservation.complexity)
      if (refusal) this.#reject(reservation, refusal)
    }
    this.#look()
  }

  #tiers({ task, complexity }: Pick<Reservation, 'task' | 'complexity'>): readonly (readonly ProviderModel[])[] {
    return tiersFor({ ...task, complexity }, this.#options.policy)
  }

  #waitsForPause({ begins = false }: ReservationRequest): boolean {
    return begins && this.#pauses.size > 0
  }

  #held(): readonly HeldOffer[] {
    return [...this.#slots].flatMap(([slot, { held }]) => (held ? { ...held.offer, slot } : []))
  }

  #offerFor(reservation: Reservation): ProviderModel | undefined {
    const { task } = reservation
    if ((task.needsWorkspace && this.prepared === 0) || this.#waitsForPause(task)) return undefined
    const held = this.#held()
    return choose(this.#tiers(reservation), (offer) => ({
      busy: held.filter(({ provider }) => provider === offer.provider).length,
      available: this.#standing.mayStart(offer, held) && this.#admits(offer, held),
    }))
  }

  #look(): void {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      while (this.#startNext());
      this.#tell()
    })
  }

  #startNext(): boolean {
    const idle = [...this.#slots].filter(([, { held }]) => !held).sort(([, a], [, b]) => a.served - b.served)
    const inOrder = [...this.#waiting].sort((a, b) => compareRanks(a.task.rank, b.task.rank))
    const next = idle.length === 0 ? undefined : inOrder.find((one) => this.#offerFor(one) !== undefined)
    const offer = next && this.#offerFor(next)
    const [id, slot] = idle.find(([name]) => name === next?.task.prefers) ?? idle[0] ?? []
    if (!next || !offer || id === undefined || !slot) return false
    const { task, resolve } = next
    this.#waiting = this.#waiting.filter((other) => other !== next)
    slot.held = { offer, task }
    slot.served++
    if (task.needsWorkspace) this.prepared--
    this.#standing.started(offer.provider, id)
    resolve({ id, ...offer })
    return true
  }

  #tell(): void {
    const busyAgents = this.#held().length
    const counts = { queueLength: this.#waiting.length, busyAgents, availableAgents: this.#slots.size - busyAgents }
    if (JSON.stringify(counts) !== JSON.stringify(this.counts)) this.emit('queue:updated', (this.counts = counts))
    const stuck = busyAgents === 0 && this.#slots.size > 0 ? this.#stuckNow() : undefined
    const told = stuck ? JSON.stringify(stuck) : 'undefined'
    if (told === this.#told) return
    this.#told = told
    this.emit('stuck', stuck)
  }

  #stuckNow(): Stuck | undefined {
    return whyStuck({
      offers: this.#waiting.filter(({ task }) => !this.#waitsForPause(task)).flatMap((one) => this.#tiers(one).flat()),
      isOut: (offer) => this.#standing.isOut(offer),
      isAdmitted: (offer) => this.#admits(offer, []),
      coolDownUntil: (provider) => this.#standing.coolDownUntil(provider),
    })
  }
}
