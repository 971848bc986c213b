import type { EpochMs } from '../domain/brand.js'
import type { ProviderModel } from '../domain/agent/provider-model.js'
import type { Rank } from '../domain/roadmap/schedule.js'
import type { Complexity } from '../domain/roadmap/task.js'
import type { QueueCounts } from '../domain/run/event.js'

/**
 * Agent slots and the reservations that wait for them: reserve, work, release; always released, never handed out
 * twice, never idle while work that it may do waits.
 *
 * All that happens in one turn of the event loop is decided together at its end, so that of reservations made together
 * the best ranked starts first, whatever the order of the calls. The counts of {@link counts} and of `queue:updated`
 * are those of the last moment at which the pool had settled.
 *
 * What it leaves out: starting agents, preparing workspaces, and why an account rests.
 * `test/support/rigs/pools.ts` runs its suite on every implementation.
 */
export interface AgentPool {
  addAgent(slot: AgentSlot): void

  /**
   * Waits for an idle slot that may run the task. Rejects with a `ReservationError` when `signal` is aborted
   * while it waits, or when no provider that could serve it is left. After it has resolved, `signal` means nothing to
   * the pool: the slot is held until {@link releaseAgent}.
   */
  reserveAgent(
    task: ReservationRequest,
    complexity: Complexity,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Agent>

  /** Gives a slot back. Throws when it is not reserved: each reservation is released exactly once. */
  releaseAgent(agentId: string): void

  /** As {@link releaseAgent}, of a slot on which nothing has begun: the prepared workspace that it took off is back. */
  giveBackUnused(agentId: string): void

  /**
   * Whether a slot that was granted a moment ago would be granted now, too: nothing has begun on it, and meanwhile its
   * provider may have been stopped or have begun to rest, or the pool paused or shut.
   */
  isStillGranted(agentId: string): boolean

  /** Why nothing that is left may serve the task; undefined while a reservation of it makes sense. */
  unservable(task: ReservationRequest, complexity: Complexity): string | undefined

  readonly counts: QueueCounts
  on<Name extends keyof PoolEvents>(name: Name, listener: (...told: PoolEvents[Name]) => void): unknown
  off<Name extends keyof PoolEvents>(name: Name, listener: (...told: PoolEvents[Name]) => void): unknown

  /** How many prepared workspaces stand ready. Each start that needs one takes one off. */
  readonly prepared: number
  setPrepared(count: number): void

  /** Asked before each start, besides what the pool itself knows; see {@link reconsider}. */
  admitBy(admits: Admission): void
  /** What the admission depends on has changed. Being stuck is told again if it still is. */
  reconsider(): void

  /**
   * Nothing is given to the provider until `until`, epoch ms; then one agent goes first, and the others when it has been
   * answered ({@link answered}). A later call replaces an earlier one.
   */
  coolDown(provider: string, until: EpochMs): void
  /** An agent of the provider has been answered. */
  answered(provider: string): void
  /** Whether the agent on the slot goes first after a rest of its provider, alone. */
  goesFirst(agentId: string): boolean
  /** Takes a provider out for good; what only it could serve is rejected. */
  stopProvider(provider: string): void
  /** As {@link stopProvider}, for one model alone; without a name, the CLI's own default. */
  stopModel(offer: ProviderModel): void
  /** The provider, or this model of it, is out for good. */
  isOut(offer: ProviderModel): boolean

  /**
   * While it is paused, for whatever reason, no attempt begins. Who goes on with one, or reviews its work, is given slots
   * as ever.
   */
  pause(isPaused: boolean, why?: PauseReason): void
  /** Gives out no further slot, for the reason given; whoever waits is rejected with it. Held slots stay held. */
  shut(reason: string): void
  /** As {@link shut}, for a reason that passes: whoever waits is rejected as `stopped`. */
  drain(reason: string): void
  /** Ends all timers; the pool is of no use afterwards. */
  close(): void
}

/** A place in the pool. It holds at most one agent at a time and is not bound to one CLI. */
export interface AgentSlot {
  readonly id: string
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

export interface PoolEvents {
  'queue:updated': [QueueCounts]
  /** Told when it changes; undefined when it is so no longer. */
  stuck: [Stuck | undefined]
}

/** Nothing is at work, and whatever waits may only be served by providers that rest or are not admitted. */
export interface Stuck {
  /** When the first of them may be used again, epoch ms; absent when none comes back by itself. */
  readonly until?: EpochMs
  /** Those that rest, the first to come back first; where none does, those that are not admitted. */
  readonly providers: readonly string[]
}

/** What an agent on a slot was chosen to be. */
export interface HeldOffer extends ProviderModel {
  readonly slot: string
}

/** Whether a further agent may start beside those that hold a slot. */
export type Admission = (offer: ProviderModel, held: readonly HeldOffer[]) => boolean

/** The base is red, or the disk is full. */
export type PauseReason = 'base' | 'room'
