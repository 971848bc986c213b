/** The longest line that is kept whole, bytes. A 5 MB answer arrives as one line of 5.3 MB (measured with claude). */
export const longestLineBytes = 16 * 1024 * 1024

/**
 * Cuts a stream of bytes into lines at line feeds. Holds at most one line of `maxBytes`; what a longer line has
 * beyond that is read and dropped. Text is decoded line by line, so bytes split over chunks stay whole, and invalid
 * UTF-8 becomes U+FFFD.
 */
export class LineSplitter {
  #parts: Buffer[] = []
  #bytes = 0
  readonly #onLine: (line: string) => void
  readonly #maxBytes: number

  constructor(onLine: (line: string) => void, maxBytes = longestLineBytes) {
    this.#onLine = onLine
    this.#maxBytes = maxBytes
  }

  push(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#keep(chunk.subarray(start, end))
      this.#emit()
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
  }

  /** Emits what stands behind the last line feed, if anything. */
  end(): void {
    if (this.#bytes > 0) this.#emit()
  }

  #keep(part: Buffer): void {
    const room = this.#maxBytes - this.#bytes
    if (part.length === 0 || room <= 0) return
    const kept = part.length > room ? part.subarray(0, room) : part
    this.#parts.push(kept)
    this.#bytes += kept.length
  }

  #emit(): void {
    const whole = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts)
    this.#parts = []
    this.#bytes = 0
    this.#onLine((whole ?? Buffer.alloc(0)).toString('utf8').replace(/\r$/, ''))
  }
}
