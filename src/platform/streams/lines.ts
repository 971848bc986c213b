/** The longest line that is kept whole, bytes. A 5 MB answer arrives as one line of 5.3 MB (measured with claude). */
export const longestLineBytes = 16 * 1024 * 1024

/** What is kept of a longer one, bytes. */
const keptOfLongBytes = 64 * 1024

/** `all`: each line. `latest`: of each chunk only the last line that is not blank, for those who want no more. */
export type WantedLines = 'all' | 'latest'

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
  readonly #wanted: WantedLines
  readonly #maxBytes: number
  readonly #onCut: (() => void) | undefined

  /** `onCut` is called for each line that is too long, as soon as it is. */
  constructor(
    onLine: (line: string) => void,
    maxBytes = longestLineBytes,
    wanted: WantedLines = 'all',
    onCut?: () => void,
  ) {
    this.#onLine = onLine
    this.#onCut = onCut
    this.#maxBytes = maxBytes
    this.#wanted = wanted
  }

  push(chunk: Buffer): void {
    if (this.#wanted === 'latest') this.#pushLatest(chunk)
    else this.#pushAll(chunk)
  }

  #pushAll(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
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

  /** Looks from the end, without a step for each line before it: a program can print 40 million of them. */
  #pushLatest(chunk: Buffer): void {
    const last = chunk.lastIndexOf(lineFeed)
    let end = last
    while (end >= 0 && isBlank(chunk[end])) end--
    if (end >= 0) {
      const start = chunk.lastIndexOf(lineFeed, end) + 1
      // Else the line began in an earlier chunk.
      if (start > 0) this.#forget()
      this.#keep(chunk.subarray(start, end + 1))
    }
    if (last >= 0 && this.#bytes > 0) this.#emit()
    this.#keep(chunk.subarray(last + 1))
  }

  #forget(): void {
    this.#parts = []
    this.#bytes = 0
    this.#tooLong = false
  }

  #keep(part: Buffer): void {
    if (part.length === 0 || this.#tooLong) return
    this.#parts.push(part)
    this.#bytes += part.length
    if (this.#bytes > this.#maxBytes) this.#cut()
  }

  /** A line this long can't be read as a whole, so only its start is useful. */
  #cut(): void {
    this.#tooLong = true
    const beginning = Buffer.concat(this.#parts, Math.min(this.#bytes, keptOfLongBytes, this.#maxBytes))
    this.#parts = [beginning]
    this.#bytes = beginning.length
    this.#onCut?.()
  }

  #emit(): void {
    const whole = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts)
    this.#forget()
    this.#onLine((whole ?? Buffer.alloc(0)).toString('utf8').replace(/\r$/, ''))
  }
}

const lineFeed = 10

/** Blank, tab, and the line breaks. */
function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9 || byte === lineFeed || byte === 13
}
