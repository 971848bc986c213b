/** The longest line that is kept whole, bytes. A 5 MB answer arrives as one line of 5.3 MB (measured with claude). */
export const longestLineBytes = 16 * 1024 * 1024

/** What is kept of a longer one, bytes. */
const keptOfLongBytes = 64 * 1024

/**
 * Cuts a stream of bytes into lines at line feeds. Holds at most one line of `maxBytes`; of a longer one, which no
 * reader could make sense of as a whole, only the first 64 KiB are kept and the rest is read and dropped. Text is decoded line by line, so bytes split over chunks stay whole, and invalid
 * UTF-8 becomes U+FFFD.
 */
export class LineSplitter {
  #parts: Buffer[] = []
  #bytes = 0
  #tooLong = false
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
    if (part.length === 0 || this.#tooLong) return
    this.#parts.push(part)
    this.#bytes += part.length
    if (this.#bytes > this.#maxBytes) this.#cut()
  }

  /** A line that long cannot be read as a whole, so only its beginning is of use. */
  #cut(): void {
    this.#tooLong = true
    const beginning = Buffer.concat(this.#parts, Math.min(this.#bytes, keptOfLongBytes, this.#maxBytes))
    this.#parts = [beginning]
    this.#bytes = beginning.length
  }

  #emit(): void {
    const whole = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts)
    this.#parts = []
    this.#bytes = 0
    this.#tooLong = false
    this.#onLine((whole ?? Buffer.alloc(0)).toString('utf8').replace(/\r$/, ''))
  }
}
