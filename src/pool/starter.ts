import PQueue from 'p-queue'
import { QueueOfRunnable, type ReservationOptions, type RunnableQueue } from './queue-of-runnable.js'
import type { Waiting, WaitingList } from './waiting-list.js'

export interface StarterParts {
  readonly waiting: WaitingList
  /** The reservation to start next, if any may start now. */
  readonly first: () => Waiting | undefined
  /** How many may be at work at once. */
  readonly most: () => number
  /** Whatever may start has been started. */
  readonly onSettled: () => void
}

/**
 * Starts what may start, once for everything that happens in one turn of the event loop: a thousand reservations made
 * together are one decision. p-queue decides when; the caller, who gives the first one that may run, decides what and
 * where.
 */
export class Starter {
  readonly #parts: StarterParts
  readonly #queue: PQueue<QueueOfRunnable, ReservationOptions>
  /** Releases that p-queue has not yet taken notice of; nothing is settled before it has. */
  #releasing = 0
  #isSettleDue = false
  /** Only then p-queue sees what may start. */
  #isSettling = false

  constructor(parts: StarterParts) {
    this.#parts = parts
    const view: RunnableQueue = {
      first: () => (this.#isSettling ? parts.first() : undefined),
      waiting: parts.waiting,
    }
    this.#queue = new PQueue<QueueOfRunnable, ReservationOptions>({
      concurrency: 1,
      queueClass: class extends QueueOfRunnable {
        override readonly view = view
      },
    })
    // p-queue emits `next` when it has noticed a completion.
    this.#queue.on('next', () => {
      this.#releasing--
      this.settle()
    })
  }

  /** `start` is called when the reservation may start, and lasts until its slot is released. */
  add(waiting: Waiting, start: () => Promise<void>): void {
    void this.#queue.add(start, { waiting })
    this.settle()
  }

  /** A reservation that has started ends with this turn. */
  released(): void {
    this.#releasing++
  }

  /** At the end of this turn. */
  settle(): void {
    if (this.#isSettleDue) return
    this.#isSettleDue = true
    queueMicrotask(() => {
      this.#isSettleDue = false
      if (this.#releasing > 0) return
      this.#startRunnable()
      this.#parts.onSettled()
    })
  }

  /**
   * Setting `concurrency`, even to what it was, is how p-queue is made to look again: nothing else does when a
   * cool-down ends, a workspace is ready or a slot joins.
   */
  #startRunnable(): void {
    this.#isSettling = true
    this.#queue.concurrency = Math.max(1, this.#parts.most())
    this.#isSettling = false
  }
}
