import { EventEmitter } from 'node:events'
import PQueue from 'p-queue'
import type { Clock } from '../domain/clock.js'
import type { QueueCounts } from '../domain/run/event.js'
import type { ProviderModel } from '../domain/agent/provider-model.js'
import { choose, commandProvider, tiersFor, type ProviderLoad, type RoutePolicy } from '../domain/routing/routing.js'
import type { Rank } from '../domain/roadmap/schedule.js'
import type { Complexity } from '../domain/roadmap/task.js'
import { ProviderStanding } from './provider-standing.js'
import { QueueOfRunnable, type ReservationOptions, type RunnableQueue } from './queue-of-runnable.js'
import { WaitingList, type Demand, type Waiting } from './waiting-list.js'

/** A place in the pool. It holds at most one agent at a time and is not bound to one CLI. */
export interface AgentSlot {
  readonly id: string
  /** What it may serve; without, everything. `command` runs on any slot. */
  readonly serves?: readonly ProviderModel[]
}

/** A reserved slot, with the provider and model chosen for the reservation. */
export interface Agent extends ProviderModel {
  readonly id: string
}

/** What a reservation is for. */
export interface ReservationRequest {
  readonly id: string
  readonly rank: Rank
  readonly provider?: string
  readonly model?: string
  /** Serves it as this provider and model, or not at all. */
  readonly exactly?: ProviderModel
  /** A prepared workspace must be there first; see {@link AgentPool.setPrepared}. */
  readonly needsWorkspace: boolean
  /** The slot that it gets where that is idle; any other will do. */
  readonly prefers?: string
  /** It begins an attempt; see {@link AgentPool.pause}. */
  readonly begins?: boolean
}

/** Why a reservation came to nothing. */
export class ReservationError extends Error {
  override readonly name = 'ReservationError'
  constructor(
    /** `stopped`: the pool is drained, nothing starts any more in this run. */
    readonly reason: 'aborted' | 'unservable' | 'stopped',
    message: string,
  ) {
    super(message)
  }
}

/** Nothing is at work, and whatever waits may only be served by providers that rest or are not admitted. */
export interface Stuck {
  /** When the first of them may be used again, epoch ms; absent when none comes back by itself. */
  readonly until?: number
  /** Those that rest, the first to come back first; where none does, those that are not admitted. */
  readonly providers: readonly string[]
}

/** What an agent on a slot was chosen to be. */
export interface HeldOffer extends ProviderModel {
  readonly slot: string
}

/** Whether a further agent may start beside those that hold a slot. */
export type Admission = (offer: ProviderModel, held: readonly HeldOffer[]) => boolean

interface PoolEvents {
  'queue:updated': [QueueCounts]
  /** Told when it changes; undefined when it is so no longer. */
  stuck: [Stuck | undefined]
}

export interface PoolOptions {
  readonly policy: RoutePolicy
  /** The most slots at once, by `provider:model` or `provider`. */
  readonly caps?: ReadonlyMap<string, number>
  readonly clock: Clock
}

interface Slot {
  readonly slot: AgentSlot
  /** Reservations that it has served. */
  served: number
  held?: { readonly offer: ProviderModel; readonly demand: Demand; readonly release: () => void }
}

/** The base is red, or the disk is full. */
export type PauseReason = 'base' | 'room'

/**
 * Agent slots and the reservations that wait for them: reserve, work, release; always released, never handed out
 * twice, never idle while work that it may do waits.
 *
 * Built on p-queue with a queue of its own whose `size` and `dequeue` see only what some idle slot may run, so nothing
 * waits behind a reservation that cannot start yet. p-queue decides when; the queue decides what and where.
 * All that happens in one turn is decided together at its end, so that of reservations made together the best ranked
 * starts first, whatever the order of the calls. The counts of {@link counts} and of `queue:updated` are those of the
 * last moment at which the pool had settled.
 */
export class AgentPool extends EventEmitter<PoolEvents> {
  readonly #policy: RoutePolicy
  readonly #standing: ProviderStanding
  readonly #slots = new Map<string, Slot>()
  readonly #waiting = new WaitingList()
  readonly #heeded = new WeakMap<AbortSignal, Set<() => void>>()
  #shut: { readonly reason: 'unservable' | 'stopped'; readonly message: string } | undefined
  readonly #queue: PQueue<QueueOfRunnable, ReservationOptions>
  #prepared = 0
  readonly #pauses = new Set<PauseReason>()
  /** Releases that p-queue has not yet taken notice of; the pool has not settled before it has. */
  #releasing = 0
  #counts: QueueCounts = { queueLength: 0, busyAgents: 0, availableAgents: 0 }
  #stuck: Stuck | undefined
  #tellsAgain = false
  #admits: Admission = () => true
  #isSettleDue = false
  /** Only then p-queue sees what may start. */
  #isSettling = false

  constructor(options: PoolOptions) {
    super()
    this.#policy = options.policy
    this.#standing = new ProviderStanding({
      caps: options.caps ?? new Map<string, number>(),
      clock: options.clock,
      onOpened: () => this.#settle(),
    })
    const queue: RunnableQueue = {
      first: () => (this.#isSettling ? this.#firstRunnable() : undefined),
      waiting: this.#waiting,
    }
    this.#queue = new PQueue<QueueOfRunnable, ReservationOptions>({
      concurrency: 1,
      queueClass: class extends QueueOfRunnable {
        override readonly view = queue
      },
    })
    // p-queue emits `next` when it has noticed a completion.
    this.#queue.on('next', () => {
      this.#releasing--
      this.#settle()
    })
  }

  get counts(): QueueCounts {
    return this.#counts
  }

  addAgent(slot: AgentSlot): void {
    if (this.#slots.has(slot.id)) throw new Error(`slot ${slot.id} is in the pool already`)
    this.#slots.set(slot.id, { slot, served: 0 })
    this.#settle()
  }

  /**
   * Waits for an idle slot that may run the task. Rejects with a {@link ReservationError} when `signal` is aborted
   * while it waits, or when no provider that could serve it is left. After it has resolved, `signal` means nothing to
   * the pool: the slot is held until {@link releaseAgent}.
   */
  reserveAgent(
    task: ReservationRequest,
    complexity: Complexity,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Agent> {
    const { signal } = options
    const demand = demandOf(task, complexity)
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(aborted(task.id))
        return
      }
      if (!this.#isServable(demand)) {
        reject(this.#unservable(task.id, demand))
        return
      }
      const onAbort = () => this.#withdraw(waiting, aborted(task.id))
      const waiting: Waiting = {
        taskId: task.id,
        rank: task.rank,
        demand,
        reject: (error) => {
          this.#heedNoMore(signal, onAbort)
          reject(error)
        },
      }
      if (signal) this.#heed(signal, onAbort)
      // The signal stays out of p-queue: there, it would free the place of an agent that still lives.
      const start = () => {
        this.#heedNoMore(signal, onAbort)
        return this.#hold(demand, resolve, task.prefers)
      }
      void this.#queue.add(start, { waiting })
      this.#settle()
    })
  }

  /** One listener for each signal, not for each of 20,000 reservations: Node looks through all at each addition. */
  #heed(signal: AbortSignal, onAbort: () => void): void {
    const known = this.#heeded.get(signal)
    if (known) {
      known.add(onAbort)
      return
    }
    const heeding = new Set([onAbort])
    this.#heeded.set(signal, heeding)
    signal.addEventListener('abort', () => [...heeding].forEach((withdraw) => withdraw()), { once: true })
  }

  #heedNoMore(signal: AbortSignal | undefined, onAbort: () => void): void {
    if (signal) this.#heeded.get(signal)?.delete(onAbort)
  }

  /** Why nothing that is left may serve the task; undefined while a reservation of it makes sense. */
  unservable(task: ReservationRequest, complexity: Complexity): string | undefined {
    const demand = demandOf(task, complexity)
    return this.#isServable(demand) ? undefined : this.#unservable(task.id, demand).message
  }

  /** Gives a slot back. Throws when it is not reserved: each reservation is released exactly once. */
  releaseAgent(agentId: string): void {
    const slot = this.#slots.get(agentId)
    if (!slot?.held) throw new Error(`slot ${agentId} is not reserved`)
    const { release } = slot.held
    delete slot.held
    this.#standing.released(agentId)
    this.#releasing++
    release()
  }

  /**
   * Whether a slot that was granted a moment ago would be granted now, too: nothing has begun on it, and meanwhile its
   * provider may have been stopped or have begun to rest, or the pool paused or shut.
   */
  isStillGranted(agentId: string): boolean {
    const held = this.#slots.get(agentId)?.held
    if (!held || this.#shut || this.#standing.isOut(held.offer)) return false
    if (this.#standing.restsUntil(held.offer.provider) !== undefined) return false
    return !(held.demand.begins && this.#isPaused)
  }

  /** As {@link releaseAgent}, of a slot on which nothing has begun: the prepared workspace that it took off is back. */
  giveBackUnused(agentId: string): void {
    const tookWorkspace = this.#slots.get(agentId)?.held?.demand.needsWorkspace === true
    this.releaseAgent(agentId)
    if (tookWorkspace) this.setPrepared(this.#prepared + 1)
  }

  /** How many prepared workspaces stand ready. Each start that needs one takes one off. */
  setPrepared(count: number): void {
    this.#prepared = count
    this.#settle()
  }

  /** Asked before each start, besides what the pool itself knows; see {@link reconsider}. */
  set admission(admits: Admission) {
    this.#admits = admits
    this.#settle()
  }

  /** What the {@link admission} depends on has changed. Being stuck is told again if it still is. */
  reconsider(): void {
    this.#tellsAgain = true
    this.#settle()
  }

  get prepared(): number {
    return this.#prepared
  }

  /**
   * Nothing is given to the provider until `until`, epoch ms; then one agent goes first, and the others when it has been
   * answered ({@link admit}). A later call replaces an earlier one.
   */
  coolDown(provider: string, until: number): void {
    this.#standing.coolDown(provider, until)
    this.#settle()
  }

  /** An agent of the provider has been answered. */
  admit(provider: string): void {
    this.#standing.admit(provider)
  }

  /** Takes a provider out for good; what only it could serve is rejected. */
  stopProvider(provider: string): void {
    this.#standing.stop(provider)
    this.#rejectUnservable()
  }

  /** As {@link stopProvider}, for one model alone; without a name, the CLI's own default. */
  stopModel(offer: ProviderModel): void {
    this.#standing.stopModel(offer)
    this.#rejectUnservable()
  }

  /** The provider, or this model of it, is out for good. */
  isOut(offer: ProviderModel): boolean {
    return this.#standing.isOut(offer)
  }

  /** Whether the agent on the slot goes first after a rest of its provider, alone. */
  goesFirst(agentId: string): boolean {
    return this.#standing.goesFirst(agentId)
  }

  /** Gives out no further slot, for the reason given; whoever waits is rejected with it. Held slots stay held. */
  shut(reason: string): void {
    this.#shut ??= { reason: 'unservable', message: reason }
    this.#rejectUnservable()
  }

  /** As {@link shut}, for a reason that passes: whoever waits is rejected as `stopped`. */
  drain(reason: string): void {
    this.#shut ??= { reason: 'stopped', message: reason }
    this.#rejectUnservable()
  }

  /**
   * While it is paused, for whatever reason, no attempt begins. Who goes on with one, or reviews its work, is given slots
   * as ever.
   */
  pause(isPaused: boolean, why: PauseReason = 'base'): void {
    if (this.#pauses.has(why) === isPaused) return
    if (isPaused) this.#pauses.add(why)
    else this.#pauses.delete(why)
    this.#settle()
  }

  get #isPaused(): boolean {
    return this.#pauses.size > 0
  }

  /** Ends all timers; the pool is of no use afterwards. */
  close(): void {
    this.#standing.close()
  }

  #rejectUnservable(): void {
    for (const waiting of this.#waiting.all((demand) => !this.#isServable(demand))) {
      this.#withdraw(waiting, this.#unservable(waiting.taskId, waiting.demand))
    }
    this.#settle()
  }

  #unservable(taskId: string, { provider }: Demand): ReservationError {
    if (this.#shut) return new ReservationError(this.#shut.reason, this.#shut.message)
    const asked = provider === undefined ? '' : `, which asks for ${provider}`
    return new ReservationError('unservable', `no usable provider may serve ${taskId}${asked}`)
  }

  #withdraw(waiting: Waiting, error: ReservationError): void {
    if (!this.#waiting.remove(waiting)) return
    waiting.reject(error)
    this.#settle()
  }

  #tiers(demand: Demand): readonly (readonly ProviderModel[])[] {
    return tiersFor(demand, this.#policy)
  }

  #isServable(demand: Demand): boolean {
    if (this.#shut) return false
    return this.#tiers(demand).some((tier) => tier.some((offer) => !this.#standing.isOut(offer)))
  }

  #load(offer: ProviderModel): ProviderLoad {
    const held = this.#heldOffers()
    return {
      busy: held.filter(({ provider }) => provider === offer.provider).length,
      available:
        this.#standing.mayStart(offer, held) && this.#idleSlotFor(offer) !== undefined && this.#admits(offer, held),
    }
  }

  #heldOffers(): readonly HeldOffer[] {
    return [...this.#slots.values()].flatMap(({ slot, held }) => (held ? { ...held.offer, slot: slot.id } : []))
  }

  /** The idle slot that may serve the offer: the one preferred, else that which has served least, so that all are used. */
  #idleSlotFor(offer: ProviderModel, prefers?: string): Slot | undefined {
    const preferred = prefers === undefined ? undefined : this.#slots.get(prefers)
    if (preferred && !preferred.held && maySlotServe(preferred.slot, offer)) return preferred
    let best: Slot | undefined
    for (const slot of this.#slots.values()) {
      if (!slot.held && maySlotServe(slot.slot, offer) && (!best || slot.served < best.served)) best = slot
    }
    return best
  }

  #offerFor(demand: Demand): ProviderModel | undefined {
    if (demand.needsWorkspace && this.#prepared === 0) return undefined
    if (demand.begins && this.#isPaused) return undefined
    return choose(this.#tiers(demand), (offer) => this.#load(offer))
  }

  #firstRunnable(): Waiting | undefined {
    if (this.#waiting.length === 0) return undefined
    if (![...this.#slots.values()].some(({ held }) => !held)) return undefined
    return this.#waiting.first((demand) => this.#offerFor(demand) !== undefined)
  }

  /** Takes the slot, hands it to whoever waits, and lasts until the release, so that p-queue counts it as running. */
  #hold(demand: Demand, resolve: (agent: Agent) => void, prefers?: string): Promise<void> {
    const offer = this.#offerFor(demand)
    const slot = offer && this.#idleSlotFor(offer, prefers)
    if (!slot) throw new Error('p-queue started a reservation that may not run')
    if (demand.needsWorkspace) this.#prepared--
    slot.served++
    this.#standing.started(offer.provider, slot.slot.id)
    return new Promise((release) => {
      slot.held = { offer, demand, release }
      resolve({ id: slot.slot.id, ...offer })
    })
  }

  /** Once for all that happens in one turn: a thousand reservations made together are one change of the counts. */
  #settle(): void {
    if (this.#isSettleDue) return
    this.#isSettleDue = true
    queueMicrotask(() => {
      this.#isSettleDue = false
      if (this.#releasing > 0) return
      this.#startRunnable()
      this.#tell()
    })
  }

  /**
   * Setting `concurrency`, even to what it was, is how p-queue is made to look again: nothing else does when a
   * cool-down ends, a workspace is ready or a slot joins.
   */
  #startRunnable(): void {
    this.#isSettling = true
    this.#queue.concurrency = Math.max(1, this.#slots.size)
    this.#isSettling = false
  }

  #tell(): void {
    const busyAgents = [...this.#slots.values()].filter(({ held }) => held).length
    const counts = {
      queueLength: this.#waiting.length,
      busyAgents,
      availableAgents: this.#slots.size - busyAgents,
    }
    if (!sameCounts(counts, this.#counts)) {
      this.#counts = counts
      this.emit('queue:updated', counts)
    }
    const stuck = busyAgents === 0 ? this.#stuckNow() : undefined
    const isTold = JSON.stringify(stuck) === JSON.stringify(this.#stuck) && !(stuck && this.#tellsAgain)
    this.#tellsAgain = false
    if (isTold) return
    this.#stuck = stuck
    this.emit('stuck', stuck)
  }

  #stuckNow(): Stuck | undefined {
    const slots = [...this.#slots.values()]
    const rests = new Map<string, number>()
    const refused = new Set<string>()
    // What waits for something else than a provider says nothing about providers.
    for (const demand of this.#waiting.demands().filter(({ begins }) => !(begins && this.#isPaused))) {
      const offers = this.#tiers(demand)
        .flat()
        .filter((offer) => slots.some(({ slot }) => maySlotServe(slot, offer)))
      for (const offer of offers) {
        const { provider } = offer
        if (this.#standing.isOut(offer)) continue
        const until = this.#standing.restsUntil(provider)
        if (!this.#admits(offer, [])) refused.add(provider)
        else if (until === undefined) return undefined
        else rests.set(provider, until)
      }
    }
    const [first, ...others] = [...rests].sort(([, a], [, b]) => a - b)
    if (first) return { until: first[1], providers: [first, ...others].map(([provider]) => provider) }
    return refused.size > 0 ? { providers: [...refused] } : undefined
  }
}

function demandOf(
  { needsWorkspace, begins = false, provider, model, exactly }: ReservationRequest,
  complexity: Complexity,
): Demand {
  return {
    complexity,
    needsWorkspace,
    begins,
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(exactly === undefined ? {} : { exactly }),
  }
}

function maySlotServe({ serves }: AgentSlot, offer: ProviderModel): boolean {
  if (serves === undefined || offer.provider === commandProvider) return true
  return serves.some(
    ({ provider, model }) => provider === offer.provider && (model === undefined || model === offer.model),
  )
}

function sameCounts(a: QueueCounts, b: QueueCounts): boolean {
  return a.queueLength === b.queueLength && a.busyAgents === b.busyAgents && a.availableAgents === b.availableAgents
}

function aborted(taskId: string): ReservationError {
  return new ReservationError('aborted', `the reservation of ${taskId} was withdrawn`)
}
