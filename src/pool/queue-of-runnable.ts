import type { QueueAddOptions } from 'p-queue'
import type { Waiting, WaitingList } from './waiting-list.js'

type Run = () => Promise<unknown>

/** What {@link QueueOfRunnable} is a view of. */
export interface RunnableQueue {
  readonly waiting: WaitingList
  /** The reservation to start next, if any may start now. */
  first(): Waiting | undefined
}

/** Handed through p-queue's `add` to `enqueue`. */
export interface ReservationOptions extends QueueAddOptions {
  readonly waiting: Waiting
}

/**
 * p-queue's queue: only what may start now is visible to it. So it never waits for the head of the line while
 * something behind could run, and never takes what no idle slot may serve.
 */
export abstract class QueueOfRunnable {
  protected abstract readonly view: RunnableQueue

  /** p-queue only asks whether it is 0; how many really wait is in the pool's counts. */
  get size(): number {
    return this.view.first() ? 1 : 0
  }

  enqueue(run: Run, options?: Partial<ReservationOptions>): void {
    if (!options?.waiting) throw new Error('only reservations may be queued')
    options.waiting.run = run
    this.view.waiting.add(options.waiting)
  }

  dequeue(): Run | undefined {
    const waiting = this.view.first()
    if (waiting) this.view.waiting.remove(waiting)
    return waiting?.run
  }

  /** Part of p-queue's interface, used there only by `sizeBy`. */
  filter(): Run[] {
    return []
  }

  /** Part of p-queue's interface; ranks never change while waiting. */
  setPriority(): void {
    throw new Error('the rank of a reservation never changes')
  }
}
