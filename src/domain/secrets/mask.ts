import type { Span } from './pattern-search.js'
import { SecretSearch } from './secret-search.js'

/** Hides secrets. Everything else stays as it is. */
export interface Mask {
  /** The text without secrets, also without the beginning of one that was cut off by an ellipsis. */
  text(text: string): string
  /** For one stream of bytes. */
  stream(): StreamMask
}

/** Masks secrets in a stream, however it is cut into chunks. Holds back only what may be the start of a secret. */
export interface StreamMask {
  /** What may be passed on now. */
  push(chunk: Uint8Array): Uint8Array
  /** The rest, at the end of the stream. */
  end(): Uint8Array
}

/** What stands in place of a secret. */
const masked = '***'

const nothing = new Uint8Array(0)

/** For where there are no secrets. */
export const noMask: Mask = {
  text: (text) => text,
  stream: () => ({ push: (chunk) => chunk, end: () => nothing }),
}

/** Masks these values in all forms in which they may appear; values that are too short are left out. */
export function createMask(secrets: readonly string[]): Mask {
  const search = SecretSearch.of(secrets)
  if (!search) return noMask
  const encoder = new TextEncoder()
  return {
    text: (text) => maskText(text, encoder.encode(text), search),
    stream: () => new MaskedStream(search),
  }
}

/**
 * Masks what either masks. The upper one sees the text first, because its values may contain those of the lower one.
 */
export function layMasks(upper: Mask, lower: Mask): Mask {
  return {
    text: (text) => lower.text(upper.text(text)),
    stream() {
      const [first, second] = [upper.stream(), lower.stream()]
      return {
        push: (chunk) => second.push(first.push(chunk)),
        end: () => joined([second.push(first.end()), second.end()]),
      }
    },
  }
}

/** A shorter beginning of a secret says nothing; bytes. */
const tellingBytes = 4

function maskText(text: string, bytes: Uint8Array, search: SecretSearch): string {
  const cut = text.endsWith('…') ? bytes.length - ellipsisBytes : bytes.length
  const begun = cut < bytes.length ? search.unfinished(bytes.subarray(0, cut)) : cut
  const spans = [...search.find(bytes), ...(cut - begun >= tellingBytes ? [{ start: begun, end: cut }] : [])]
  if (spans.length === 0) return text
  const shown = cutOut(
    bytes,
    spans.sort((a, b) => a.start - b.start),
    0,
    bytes.length,
  )
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(shown.bytes)
}

const ellipsisBytes = 3

class MaskedStream implements StreamMask {
  readonly #search: SecretSearch
  /** What may be the start of a secret, and how much of it is already masked. */
  #held: Uint8Array = nothing
  #covered = 0

  constructor(search: SecretSearch) {
    this.#search = search
  }

  push(chunk: Uint8Array): Uint8Array {
    const bytes = this.#held.length === 0 ? chunk : joined([this.#held, chunk])
    return this.#pass(bytes, this.#search.unfinished(bytes))
  }

  end(): Uint8Array {
    return this.#pass(this.#held, this.#held.length)
  }

  #pass(bytes: Uint8Array, limit: number): Uint8Array {
    const shown = cutOut(bytes, this.#search.find(bytes, limit), this.#covered, limit)
    // Copied, because a slice would keep its whole chunk in memory.
    this.#held = bytes.slice(limit)
    this.#covered = Math.max(0, shown.covered - limit)
    return shown.bytes
  }
}

/**
 * The bytes up to `limit` without these spans, which are in order; a mask replaces each, and one mask replaces
 * overlapping ones. The first `covered` bytes already have theirs.
 */
function cutOut(
  bytes: Uint8Array,
  spans: readonly Span[],
  covered: number,
  limit: number,
): { readonly bytes: Uint8Array; readonly covered: number } {
  if (spans.length === 0 && covered === 0 && limit === bytes.length) return { bytes, covered }
  const parts: Uint8Array[] = []
  let end = covered
  for (const span of spans) {
    if (span.start >= end) parts.push(bytes.subarray(end, span.start), sign)
    end = Math.max(end, span.end)
  }
  parts.push(bytes.subarray(Math.min(end, limit), limit))
  return { bytes: joined(parts), covered: end }
}

const sign = new TextEncoder().encode(masked)

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
