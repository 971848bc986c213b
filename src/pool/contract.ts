import type { EpochMs, TaskId } from '../domain/brand.js'
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
 * What it leaves out: starting agents, preparing workspaces, and why an account cools down.
 * `test/support/rigs/pools.ts` runs its suite on every implementation.
 */
export interface AgentPool {
  /** A slot that is being taken away, but is still held, stays. */
  addAgent(slot: AgentSlot): void
  /** Takes a slot away: at once if it is idle, else when it is released. `agent:removed` tells. */
  removeAgent(agentId: string): void

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

  /** The waiting reservations of a task are rejected as `aborted`; a slot that it holds stays held. */
  withdraw(taskId: TaskId): void

  /** Gives a slot back. Throws when it is not reserved: each reservation is released exactly once. */
  releaseAgent(agentId: string): void

  /** As {@link releaseAgent}, of a slot on which nothing has begun: the prepared workspace that it took off is back. */
  giveBackUnused(agentId: string): void

  /**
   * Whether a slot that was granted a moment ago would be granted now, too: nothing has begun on it, and meanwhile its
   * provider may have been stopped or have begun to cool down, or the pool paused or shut.
   */
  isStillGranted(agentId: string): boolean

  /** Whether a slot is held; false for one that is not there. */
  isHeld(agentId: string): boolean

  /** Why nothing that is left may serve the task; undefined while a reservation of it makes sense. */
  unservable(task: ReservationRequest, complexity: Complexity): string | undefined

  readonly counts: QueueCounts
  on<Name extends keyof PoolEvents>(name: Name, listener: (...told: PoolEvents[Name]) => void): unknown
  off<Name extends keyof PoolEvents>(name: Name, listener: (...told: PoolEvents[Name]) => void): unknown

  /** How many prepared workspaces are ready. Each start that needs one uses one. */
  readonly prepared: number
  setPrepared(count: number): void

  /** Asked before each start, in addition to what the pool itself knows; see {@link reconsider}. */
  admitBy(admits: Admission): void
  /** The basis of the admission has changed. Being stuck is reported again if it still is. */
  reconsider(): void

  /**
   * The provider gets nothing until `until`, epoch ms; then one agent goes first, and the others follow once it has
   * been answered ({@link answered}). A later call replaces an earlier one.
   */
  coolDown(provider: string, until: EpochMs): void
  /** An agent of the provider has been answered. */
  answered(provider: string): void
  /** Whether the agent on the slot goes first after its provider's cool-down, alone. */
  goesFirst(agentId: string): boolean
  /** Stops a provider for good; reservations that only it could serve are rejected. */
  stopProvider(provider: string): void
  /** Like {@link stopProvider}, for one model; without a name, the CLI's default model. */
  stopModel(offer: ProviderModel): void
  /** The provider, or this model of it, is out for good. */
  isOut(offer: ProviderModel): boolean

  /**
   * While the pool is paused, for any reason, no attempt begins. Attempts that continue, and reviews, still get slots.
   */
  pause(isPaused: boolean, why?: PauseReason): void
  /** Gives out no more slots, for the given reason; waiting reservations are rejected with it. Held slots stay held. */
  shut(reason: string): void
  /** Like {@link shut}, for a temporary reason: waiting reservations are rejected as `stopped`. */
  drain(reason: string): void
  /** Ends all timers; the pool is unusable afterwards. */
  close(): void
}

/** A place in the pool. It holds at most one agent at a time and isn't bound to one CLI. */
export interface AgentSlot {
  readonly id: string
}

/** A reserved slot, with the provider and model chosen for the reservation. */
export interface Agent extends ProviderModel {
  readonly id: string
}

/** What a reservation is for. */
export interface ReservationRequest {
  /** The task that the slot is for. */
  readonly id: TaskId
  readonly rank: Rank
  readonly providers?: readonly string[]
  readonly model?: string
  /** Only this provider and model will do. */
  readonly exactly?: ProviderModel
  /** It needs a prepared workspace first; see {@link AgentPool.setPrepared}. */
  readonly needsWorkspace: boolean
  /** The preferred slot, if that is idle; any other will do. */
  readonly prefers?: string
  /** It begins an attempt; see {@link AgentPool.pause}. */
  readonly begins?: boolean
}

export interface PoolEvents {
  'queue:updated': [QueueCounts]
  /** A slot is gone. */
  'agent:removed': [agentId: string]
  /** Called when it changes; undefined when it no longer holds. */
  stuck: [Stuck | undefined]
}

/** Nothing is running, and every waiting reservation needs providers that cool down or aren't admitted. */
export interface Stuck {
  /** When the first of them is usable again, epoch ms; absent if none comes back by itself. */
  readonly until?: EpochMs
  /** Those that cool down, the first to come back first; if none does, those that aren't admitted. */
  readonly providers: readonly string[]
}

/** What an agent on a slot was chosen for. */
export interface HeldOffer extends ProviderModel {
  readonly slot: string
}

/** Whether another agent may start next to those that hold a slot. */
export type Admission = (offer: ProviderModel, held: readonly HeldOffer[]) => boolean

/** The base is red, the disk is full, or a person has paused the run. */
export type PauseReason = 'base' | 'room' | 'person'
