import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { once } from 'node:events'
import { dirname } from 'node:path'
import type { Sink } from './sink.js'

/**
 * A file, mode 0600 in a directory of mode 0700, that takes at most `maxBytes` and says at its end when more was dropped. A
 * disk that fails (`error`) never stops the one who writes: output is for people, the journal is the record. It comes to be
 * with the first byte: most commands that go well say nothing.
 */
export class CappedFile implements Sink {
  readonly #path: string
  #opened: WriteStream | undefined
  #left: number
  #dropped = false
  #failed = false
  readonly #waiting: (() => void)[] = []

  constructor(path: string, maxBytes: number) {
    this.#path = path
    this.#left = maxBytes
  }

  get #stream(): WriteStream {
    if (this.#opened) return this.#opened
    makeDirectory(dirname(this.#path))
    const stream = createWriteStream(this.#path, { mode: 0o600 })
    stream.on('error', () => {
      this.#failed = true
    })
    // Once for the whole file: a listener for each wait would pile up, since most of them never hear the end.
    for (const event of ['drain', 'close']) stream.on(event, () => this.#wake())
    this.#opened = stream
    return stream
  }

  get isFull(): boolean {
    return this.#failed || this.#dropped
  }

  write(chunk: Buffer): boolean {
    if (this.isFull || chunk.length === 0) return true
    const kept = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk
    this.#left -= kept.length
    const go = this.#stream.write(kept)
    if (kept.length < chunk.length) {
      this.#dropped = true
      this.#stream.write('\n[autopilot: the file is full; the rest is dropped]\n')
    }
    return go
  }

  drained(): Promise<void> {
    if (this.#failed || this.#opened?.writableNeedDrain !== true) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async close(): Promise<void> {
    if (this.#failed || !this.#opened || this.#opened.closed) return
    const closed = once(this.#opened, 'close').catch(() => undefined)
    this.#opened.end()
    await closed
  }
}

/** Where that cannot be, the file cannot, either, and says so. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch {
    // The stream fails.
  }
}
