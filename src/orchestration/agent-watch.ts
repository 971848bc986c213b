import type { MonotonicMs, TaskId } from '../domain/brand.js'
import type { Usage } from '../domain/agent/agent-event.js'
import type { Counted } from '../domain/accounts/counted.js'
import type { Failure } from '../domain/agent/failure.js'

/** An agent that is or was running. The same object for all of its records. */
export interface WatchedAgent {
  readonly provider: string
  /** As it was asked for; absent for the CLI's own default. */
  readonly model?: string
  readonly taskId: TaskId
  readonly slot: string
  readonly startedMs: MonotonicMs
  /** Its model has said or done something. */
  readonly hasAnswered: () => boolean
}

/** Told what agents show of their accounts and of what they spend. */
export interface AgentWatch {
  /** It is about to start. */
  started?(agent: WatchedAgent): void
  /** Its model has answered for the first time. */
  answered?(agent: WatchedAgent): void
  /** What it has used so far, its cost as far as it is known. */
  used?(agent: WatchedAgent, usage: Usage): void
  /** Its final event says failure, or it ended without one and had done nothing, while its slot is still held. */
  failing?(agent: WatchedAgent, failure: Failure): void
  /** What it is counted with now that it has ended; that is recorded already. */
  counted?(agent: WatchedAgent, counted: Counted): void
  /** All of its output has been read and its usage recorded; without a failure it ended well. */
  ended?(agent: WatchedAgent, failure: Failure | undefined): void
}

/** Tells all of them, in order. */
export function watchTogether(...watches: readonly AgentWatch[]): AgentWatch {
  return {
    started: (agent) => watches.forEach((watch) => watch.started?.(agent)),
    answered: (agent) => watches.forEach((watch) => watch.answered?.(agent)),
    used: (agent, usage) => watches.forEach((watch) => watch.used?.(agent, usage)),
    failing: (agent, failure) => watches.forEach((watch) => watch.failing?.(agent, failure)),
    counted: (agent, counted) => watches.forEach((watch) => watch.counted?.(agent, counted)),
    ended: (agent, failure) => watches.forEach((watch) => watch.ended?.(agent, failure)),
  }
}
