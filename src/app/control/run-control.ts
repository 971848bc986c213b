import type { Actor } from '../../domain/actor.js'
import type { MonotonicMs, RunId, TaskId } from '../../domain/brand.js'
import { later, msBetween, type Clock } from '../../domain/clock.js'
import { present } from '../../domain/present.js'
import { decideOrder, pausedAnswer, type Answer, type Order } from '../../domain/run/control.js'
import { isSettled } from '../../domain/run/task-record.js'
import type { Cancellations } from '../../orchestration/run/cancellations.js'
import type { Recorder } from '../../orchestration/recorder.js'
import type { AgentPool } from '../../pool/contract.js'
import type { RunSlots } from './run-slots.js'

export interface RunControlParts {
  readonly runId: RunId
  readonly root: string
  readonly lock: string
  readonly pid: number
  readonly recorder: Recorder
  readonly pool: Pick<AgentPool, 'pause'>
  readonly slots: RunSlots
  readonly cancellations: Cancellations
  /** The next step of a stop, as a Ctrl-C takes it. */
  readonly interrupt: () => void
  readonly clock: Clock
  /** How long the run may take, ms. */
  readonly timeLimitMs: number | undefined
}

/** How long a canceled task's end is waited for before the answer, ms: longer than an agent has between TERM and KILL. */
const endMs = 12_000
const lookMs = 25

/**
 * What people may do to a run while it is at work, by a key or through its socket. `src/domain/run/control.ts` decides;
 * this carries it out. Each deed is an event with who did it.
 */
export class RunControl {
  readonly #parts: RunControlParts
  readonly #began: MonotonicMs
  #isOver = false

  constructor(parts: RunControlParts) {
    this.#parts = parts
    this.#began = parts.clock.monotonic()
  }

  /** The run's tasks have come to their end, and nothing can be changed any more. */
  close(): void {
    this.#isOver = true
  }

  /** Does what was ordered, and answers. Never rejects for anything that can happen in normal life. */
  async order(order: Order, by: Actor): Promise<Answer> {
    const { recorder, pool, slots } = this.#parts
    if (order.type === 'hello') return this.#here()
    const decision = decideOrder(order, { ...recorder.state, isOver: this.#isOver })
    switch (decision.type) {
      case 'answer':
        return decision.answer
      case 'pause':
        return this.#pause(by)
      case 'unpause':
        void recorder.record({ type: 'run_unpaused', by })
        pool.pause(false, 'person')
        return { type: 'unpaused', changed: true }
      case 'cancel':
        return this.#cancel(decision.taskId, by, decision.isUnderWay)
      case 'cancel_all':
        void recorder.record({ type: 'run_stop_asked', by })
        this.#parts.interrupt()
        return { type: 'stopping' }
      case 'agents':
        return slots.change(decision.count, by)
    }
  }

  #here(): Answer {
    const { runId, pid, root, lock } = this.#parts
    return { type: 'here', run: runId, pid, root, lock }
  }

  /** Before the pool: what begins in this moment has begun before. */
  #pause(by: Actor): Answer {
    const { recorder, pool, clock, timeLimitMs } = this.#parts
    const left = timeLimitMs === undefined ? undefined : timeLimitMs - msBetween(this.#began, clock.monotonic())
    const until = left === undefined ? undefined : later(clock.now(), left)
    void recorder.record({ type: 'run_paused', by, ...present({ until }) })
    pool.pause(true, 'person')
    return pausedAnswer({ until }, true)
  }

  async #cancel(taskId: TaskId, by: Actor, isUnderWay: boolean): Promise<Answer> {
    const { recorder, cancellations, clock } = this.#parts
    if (!isUnderWay) {
      void recorder.record({ type: 'task_canceling', taskId, by })
      cancellations.cancel(taskId, { type: 'canceled', by, at: clock.now() })
    }
    await this.#end(taskId)
    const { tasks, kept } = recorder.state
    const state = tasks.get(taskId)?.state
    const end = state && isSettled(state) ? state.type : undefined
    const ref = kept.findLast((commit) => commit.taskId === taskId)?.ref
    return { type: 'canceled', task: taskId, ...present({ end, ref }) }
  }

  /** Waits until the task has come to its end, but not for ever. */
  async #end(taskId: TaskId): Promise<void> {
    const { recorder, clock } = this.#parts
    const began = clock.monotonic()
    const isOpen = () => {
      const state = recorder.state.tasks.get(taskId)?.state
      return state !== undefined && !isSettled(state) && !this.#isOver
    }
    while (isOpen() && msBetween(began, clock.monotonic()) < endMs)
      await new Promise<void>((resolve) => clock.schedule(lookMs, resolve))
  }
}
