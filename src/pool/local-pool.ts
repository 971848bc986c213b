import { EventEmitter } from 'node:events'
import type { EpochMs, TaskId } from '../domain/brand.js'
import type { Clock } from '../domain/clock.js'
import type { QueueCounts } from '../domain/run/event.js'
import type { ProviderModel } from '../domain/agent/provider-model.js'
import { choose, tiersFor, type ProviderLoad, type RoutePolicy } from '../domain/routing/routing.js'
import type { Complexity } from '../domain/roadmap/task.js'
import { AbortListeners } from './abort-listeners.js'
import type {
  Admission,
  Agent,
  AgentPool,
  AgentSlot,
  PauseReason,
  PoolEvents,
  ReservationRequest,
  Stuck,
} from './contract.js'
import { ProviderStanding } from './provider-standing.js'
import { ReservationError, unservable, withdrawn } from './reservation-error.js'
import { Slots } from './slots.js'
import { Starter } from './starter.js'
import { isSameStuck, whyStuck } from './stuck.js'
import { demandOf, WaitingList, type Demand, type Waiting } from './waiting-list.js'

export interface PoolOptions {
  readonly policy: RoutePolicy
  /** The most slots at once, by `provider:model` or `provider`. */
  readonly caps?: ReadonlyMap<string, number>
  readonly clock: Clock
}

/**
 * The pool of one process. Uses p-queue with its own queue, whose `size` and `dequeue` see only what an idle slot may
 * run, so nothing waits behind a reservation that can't start yet.
 */
export class LocalPool extends EventEmitter<PoolEvents> implements AgentPool {
  readonly #policy: RoutePolicy
  readonly #standing: ProviderStanding
  readonly #slots = new Slots()
  readonly #waiting = new WaitingList()
  readonly #aborts = new AbortListeners()
  readonly #starter: Starter
  readonly #pauses = new Set<PauseReason>()
  #shut: { readonly reason: 'unservable' | 'stopped'; readonly message: string } | undefined
  #prepared = 0
  #counts: QueueCounts = { queueLength: 0, busyAgents: 0, availableAgents: 0 }
  #stuck: Stuck | undefined
  #tellsAgain = false
  #admits: Admission = () => true

  constructor(options: PoolOptions) {
    super()
    this.#policy = options.policy
    this.#starter = new Starter({
      waiting: this.#waiting,
      first: () => this.#firstRunnable(),
      most: () => this.#slots.size,
      onSettled: () => this.#tell(),
    })
    this.#standing = new ProviderStanding({
      caps: options.caps ?? new Map<string, number>(),
      clock: options.clock,
      onOpened: () => this.#starter.settle(),
    })
  }

  get counts(): QueueCounts {
    return this.#counts
  }

  addAgent(slot: AgentSlot): void {
    this.#slots.add(slot)
    this.#starter.settle()
  }

  removeAgent(agentId: string): void {
    if (this.#slots.remove(agentId)) this.emit('agent:removed', agentId)
    this.#starter.settle()
  }

  reserveAgent(
    task: ReservationRequest,
    complexity: Complexity,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Agent> {
    const demand = demandOf(task, complexity)
    if (signal?.aborted) return Promise.reject(withdrawn(task.id))
    if (!this.#isServable(demand)) return Promise.reject(this.#unservable(task.id, demand))
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#withdraw(waiting, withdrawn(task.id))
      const waiting: Waiting = {
        taskId: task.id,
        rank: task.rank,
        demand,
        reject: (error) => {
          this.#aborts.remove(signal, onAbort)
          reject(error)
        },
      }
      this.#aborts.add(signal, onAbort)
      // p-queue doesn't get the signal: it would free the place of an agent that still lives.
      this.#starter.add(waiting, () => {
        this.#aborts.remove(signal, onAbort)
        return this.#hold(demand, resolve, task.prefers)
      })
    })
  }

  withdraw(taskId: TaskId): void {
    for (const waiting of this.#waiting.all(() => true)) {
      if (waiting.taskId === taskId) this.#withdraw(waiting, withdrawn(taskId))
    }
  }

  unservable(task: ReservationRequest, complexity: Complexity): string | undefined {
    const demand = demandOf(task, complexity)
    return this.#isServable(demand) ? undefined : this.#unservable(task.id, demand).message
  }

  releaseAgent(agentId: string): void {
    const { release, isGone } = this.#slots.release(agentId)
    this.#standing.released(agentId)
    this.#starter.released()
    release()
    if (isGone) this.emit('agent:removed', agentId)
  }

  isHeld(agentId: string): boolean {
    return this.#slots.holding(agentId) !== undefined
  }

  isStillGranted(agentId: string): boolean {
    const held = this.#slots.holding(agentId)
    if (!held || this.#shut || this.#standing.isOut(held.offer)) return false
    if (this.#standing.coolDownUntil(held.offer.provider) !== undefined) return false
    return !(held.demand.begins && this.#isPaused)
  }

  giveBackUnused(agentId: string): void {
    const tookWorkspace = this.#slots.holding(agentId)?.demand.needsWorkspace === true
    this.releaseAgent(agentId)
    if (tookWorkspace) this.setPrepared(this.#prepared + 1)
  }

  get prepared(): number {
    return this.#prepared
  }

  setPrepared(count: number): void {
    this.#prepared = count
    this.#starter.settle()
  }

  admitBy(admits: Admission): void {
    this.#admits = admits
    this.#starter.settle()
  }

  reconsider(): void {
    this.#tellsAgain = true
    this.#starter.settle()
  }

  coolDown(provider: string, until: EpochMs): void {
    this.#standing.coolDown(provider, until)
    this.#starter.settle()
  }

  answered(provider: string): void {
    this.#standing.answered(provider)
  }

  goesFirst(agentId: string): boolean {
    return this.#standing.goesFirst(agentId)
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

  pause(isPaused: boolean, why: PauseReason = 'base'): void {
    if (this.#pauses.has(why) === isPaused) return
    if (isPaused) this.#pauses.add(why)
    else this.#pauses.delete(why)
    this.#starter.settle()
  }

  shut(reason: string): void {
    this.#shut ??= { reason: 'unservable', message: reason }
    this.#rejectUnservable()
  }

  drain(reason: string): void {
    this.#shut ??= { reason: 'stopped', message: reason }
    this.#rejectUnservable()
  }

  close(): void {
    this.#standing.close()
  }

  get #isPaused(): boolean {
    return this.#pauses.size > 0
  }

  #tiers(demand: Demand): readonly (readonly ProviderModel[])[] {
    return tiersFor(demand, this.#policy)
  }

  #isServable(demand: Demand): boolean {
    if (this.#shut) return false
    return this.#tiers(demand).some((tier) => tier.some((offer) => !this.#standing.isOut(offer)))
  }

  #unservable(taskId: TaskId, { providers }: Demand): ReservationError {
    return this.#shut ? new ReservationError(this.#shut.reason, this.#shut.message) : unservable(taskId, providers)
  }

  #rejectUnservable(): void {
    for (const waiting of this.#waiting.all((demand) => !this.#isServable(demand))) {
      this.#withdraw(waiting, this.#unservable(waiting.taskId, waiting.demand))
    }
    this.#starter.settle()
  }

  #withdraw(waiting: Waiting, error: ReservationError): void {
    if (!this.#waiting.remove(waiting)) return
    waiting.reject(error)
    this.#starter.settle()
  }

  #firstRunnable(): Waiting | undefined {
    if (this.#waiting.length === 0 || !this.#slots.hasIdle) return undefined
    return this.#waiting.first((demand) => this.#offerFor(demand) !== undefined)
  }

  /** With an idle slot at hand. */
  #offerFor(demand: Demand): ProviderModel | undefined {
    if (demand.needsWorkspace && this.#prepared === 0) return undefined
    if (demand.begins && this.#isPaused) return undefined
    const held = this.#slots.heldOffers()
    const load = (offer: ProviderModel): ProviderLoad => ({
      busy: held.filter(({ provider }) => provider === offer.provider).length,
      available: this.#standing.mayStart(offer, held) && this.#admits(offer, held),
    })
    return choose(this.#tiers(demand), load)
  }

  /**
   * Takes the slot, hands it to the waiting caller, and lasts until the release, so that p-queue counts it as running.
   */
  #hold(demand: Demand, resolve: (agent: Agent) => void, prefers?: string): Promise<void> {
    const offer = this.#offerFor(demand)
    const id = this.#slots.idle(prefers)
    if (!offer || id === undefined) throw new Error('p-queue started a reservation that may not run')
    if (demand.needsWorkspace) this.#prepared--
    this.#standing.started(offer.provider, id)
    return new Promise((release) => {
      this.#slots.hold(id, { offer, demand, release })
      resolve({ id, ...offer })
    })
  }

  #tell(): void {
    const busyAgents = this.#slots.busy
    const counts = {
      queueLength: this.#waiting.length,
      busyAgents,
      availableAgents: this.#slots.size - busyAgents,
    }
    if (!isSameCounts(counts, this.#counts)) {
      this.#counts = counts
      this.emit('queue:updated', counts)
    }
    const stuck = busyAgents === 0 ? this.#stuckNow() : undefined
    const isTold = isSameStuck(stuck, this.#stuck) && !(stuck && this.#tellsAgain)
    this.#tellsAgain = false
    if (isTold) return
    this.#stuck = stuck
    this.emit('stuck', stuck)
  }

  #stuckNow(): Stuck | undefined {
    if (this.#slots.size === 0) return undefined
    // A task that waits for something other than a provider says nothing about providers.
    const demands = this.#waiting.demands().filter(({ begins }) => !(begins && this.#isPaused))
    return whyStuck({
      offers: demands.flatMap((demand) => this.#tiers(demand).flat()),
      isOut: (offer) => this.#standing.isOut(offer),
      isAdmitted: (offer) => this.#admits(offer, []),
      coolDownUntil: (provider) => this.#standing.coolDownUntil(provider),
    })
  }
}

function isSameCounts(a: QueueCounts, b: QueueCounts): boolean {
  return a.queueLength === b.queueLength && a.busyAgents === b.busyAgents && a.availableAgents === b.availableAgents
}
