/** Who still waits for the end of something. Once nobody does, it is over: nobody need go on with it. */
export class Interest {
  readonly #over = new AbortController()
  #waiting = 0

  /** Aborted when all who joined have lost their interest. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** One more waits, until `unwanted` is aborted; without that, to the end. */
  join(unwanted: AbortSignal | undefined): void {
    this.#waiting++
    const leave = () => {
      if (--this.#waiting === 0) this.#over.abort()
    }
    if (unwanted?.aborted) leave()
    else unwanted?.addEventListener('abort', leave, { once: true })
  }
}
