/** The last `maxBytes` of what was said, by whole lines. */
export class Tail {
  #parts: Buffer[] = []
  #bytes = 0
  #dropped = false
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(chunk: Buffer): void {
    this.#parts.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes > 2 * this.#maxBytes) this.#shorten()
  }

  text(): string {
    this.#shorten()
    const text = Buffer.concat(this.#parts).toString('utf8')
    const feed = this.#dropped ? text.indexOf('\n') : -1
    return text.slice(feed + 1).trimEnd()
  }

  #shorten(): void {
    if (this.#bytes <= this.#maxBytes) return
    // Copied, because a slice would keep its whole chunk in memory.
    const kept = Buffer.from(Buffer.concat(this.#parts).subarray(-this.#maxBytes))
    this.#parts = [kept]
    this.#bytes = kept.length
    this.#dropped = true
  }
}
