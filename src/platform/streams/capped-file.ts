import { createWriteStream, type WriteStream } from 'node:fs'
import { once } from 'node:events'

/**
 * A file, mode 0600, that takes at most `maxBytes` and says at its end when more was dropped. A disk that fails
 * (`error`) never stops the one who writes: output is for people, the journal is the record.
 */
export class CappedFile {
  readonly #stream: WriteStream
  #left: number
  #dropped = false
  #failed = false
  readonly #waiting: (() => void)[] = []

  constructor(path: string, maxBytes: number) {
    this.#left = maxBytes
    this.#stream = createWriteStream(path, { mode: 0o600 })
    this.#stream.on('error', () => {
      this.#failed = true
    })
    // Once for the whole file: a listener for each wait would pile up, since most of them never hear the end.
    for (const event of ['drain', 'close']) this.#stream.on(event, () => this.#wake())
  }

  /** Whether it takes nothing more. */
  get isFull(): boolean {
    return this.#failed || this.#dropped
  }

  /** False when the writer should wait for {@link drained} before it goes on. */
  write(chunk: Buffer): boolean {
    if (this.isFull) return true
    const kept = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk
    this.#left -= kept.length
    const go = this.#stream.write(kept)
    if (kept.length < chunk.length) {
      this.#dropped = true
      this.#stream.write('\n[autopilot: the rest was dropped, the file is full]\n')
    }
    return go
  }

  /** Resolves when more may be written, or when nothing ever will be. */
  drained(): Promise<void> {
    if (this.#failed || !this.#stream.writableNeedDrain) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async close(): Promise<void> {
    if (this.#failed || this.#stream.closed) return
    const closed = once(this.#stream, 'close').catch(() => undefined)
    this.#stream.end()
    await closed
  }
}
