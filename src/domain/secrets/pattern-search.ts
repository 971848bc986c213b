/** A part of some bytes: from `start` up to but not including `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Finds many patterns in bytes at once. It looks at three bytes and skips as far as no pattern can begin in between,
 * so hundreds of patterns cost about as much as one. Source: Wu and Manber, "A fast algorithm for multi-pattern
 * searching" (1994), with blocks of three bytes.
 */
export class PatternSearch {
  /** Length of the shortest pattern, or as much of it as is looked at; bytes. */
  readonly #window: number
  readonly #longest: number
  /** By block: how far to move if the window ends with it. */
  readonly #shifts: Uint8Array
  /** By block at the window's end: the patterns that may begin with this window, the longest first. */
  readonly #candidates = new Map<number, Uint8Array[]>()
  /** By first byte, for patterns of which only the start is there. */
  readonly #byFirst = new Map<number, Uint8Array[]>()

  /** `patterns`: at least one, each of at least three bytes. */
  constructor(patterns: readonly Uint8Array[]) {
    const sorted = [...patterns].sort((a, b) => b.length - a.length)
    this.#longest = sorted[0]?.length ?? 0
    this.#window = Math.min(255, sorted.at(-1)?.length ?? 0)
    this.#shifts = new Uint8Array(65536).fill(this.#window - 2)
    for (const pattern of sorted) {
      this.#learn(pattern)
      push(this.#candidates, blockAt(pattern, this.#window - 1), pattern)
      push(this.#byFirst, pattern[0] ?? 0, pattern)
    }
  }

  #learn(pattern: Uint8Array): void {
    for (let end = 2; end < this.#window; end++) {
      const block = blockAt(pattern, end)
      this.#shifts[block] = Math.min(this.#shifts[block] ?? 0, this.#window - 1 - end)
    }
  }

  /** Each position where a pattern begins before `limit`, in order, with the longest such pattern. They may overlap. */
  find(bytes: Uint8Array, limit = bytes.length): readonly Span[] {
    const found: Span[] = []
    const last = Math.min(bytes.length, limit + this.#window - 1)
    for (let at = this.#window - 1; at < last;) {
      const block = blockAt(bytes, at)
      const shift = this.#shifts[block] ?? 0
      if (shift === 0) {
        const start = at - this.#window + 1
        const pattern = this.#candidates
          .get(block)
          ?.find((one) => start + one.length <= bytes.length && isAt(one, bytes, start))
        if (pattern) found.push({ start, end: start + pattern.length })
      }
      at += shift || 1
    }
    return found
  }

  /** The first position where the bytes end in the start of a pattern; their length if there is none. */
  unfinished(bytes: Uint8Array): number {
    for (let start = Math.max(0, bytes.length - this.#longest + 1); start < bytes.length; start++) {
      const patterns = this.#byFirst.get(bytes[start] ?? 0)
      if (patterns?.some((one) => one.length > bytes.length - start && isAt(one, bytes, start))) return start
    }
    return bytes.length
  }
}

/** The three bytes that end there, in 16 bits: a collision costs a look and nothing more. */
function blockAt(bytes: Uint8Array, end: number): number {
  return (((bytes[end - 2] ?? 0) << 11) ^ ((bytes[end - 1] ?? 0) << 6) ^ (bytes[end] ?? 0)) & 0xffff
}

/** Whether the bytes from `start` on are the pattern, as far as they go. */
function isAt(pattern: Uint8Array, bytes: Uint8Array, start: number): boolean {
  const length = Math.min(pattern.length, bytes.length - start)
  for (let index = 0; index < length; index++) if (pattern[index] !== bytes[start + index]) return false
  return true
}

function push(lists: Map<number, Uint8Array[]>, key: number, pattern: Uint8Array): void {
  const list = lists.get(key)
  if (list) list.push(pattern)
  else lists.set(key, [pattern])
}
