/** Events in the order in which they were pushed, for one reader, who takes them when it likes. */
export class EventStream<Event> implements AsyncIterable<Event> {
  #pending: Event[] = []
  #isClosed = false
  #wake: (() => void) | undefined

  push(event: Event): void {
    this.#pending.push(event)
    this.#wake?.()
  }

  /** There will be no more. */
  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event> {
    for (;;) {
      const events = this.#pending
      this.#pending = []
      yield* events
      if (this.#pending.length > 0) continue
      if (this.#isClosed) return
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
  }
}
