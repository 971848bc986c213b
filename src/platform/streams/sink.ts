/** Takes what a program prints. */
export interface Sink {
  /** False if the writer should wait for {@link drained} before it continues. */
  write(chunk: Buffer): boolean
  /** Resolves when more may be written, or when nothing ever will be. */
  drained(): Promise<void>
  /** Nothing more is written. */
  close(): Promise<void>
  /** Whether it takes nothing more. */
  readonly isFull: boolean
}

/** Passes on to the sink of the moment; what comes while there is none is dropped. */
export class SinkSwitch implements Sink {
  #to: Sink | undefined

  turnTo(sink: Sink | undefined): void {
    this.#to = sink
  }

  write(chunk: Buffer): boolean {
    return this.#to?.write(chunk) ?? true
  }

  async drained(): Promise<void> {
    await this.#to?.drained()
  }

  /** Whoever has turned it to a sink closes that. */
  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Another may take more. */
  readonly isFull = false
}
