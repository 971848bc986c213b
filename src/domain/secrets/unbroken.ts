import { countBefore } from '../ordered.js'

/** Bytes without their line breaks. */
export interface Unbroken {
  readonly bytes: Uint8Array
  /** Where a byte of them stands in the bytes with line breaks. */
  readonly placeOf: (index: number) => number
}

const [tab, newline, carriageReturn, space, backslash, letterN, letterR] = [9, 10, 13, 32, 92, 110, 114]

/**
 * The bytes without line breaks, also those that a JSON text spells `\n`, and without what lines are indented with. At
 * the end also half of one counts. Undefined where there is none.
 */
export function unbroken(bytes: Uint8Array): Unbroken | undefined {
  const parts: { readonly start: number; readonly end: number }[] = []
  let start = 0
  for (let at = nextMark(bytes, 0); at < bytes.length; at = nextMark(bytes, at)) {
    const end = endOfBreak(bytes, at)
    if (end > at) {
      if (at > start) parts.push({ start, end: at })
      start = end
    }
    at = Math.max(end, at + 1)
  }
  if (start === 0) return undefined
  if (start < bytes.length) parts.push({ start, end: bytes.length })
  return joined(bytes, parts)
}

/** The next byte with which a line break may begin. */
function nextMark(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== newline && bytes[at] !== carriageReturn && bytes[at] !== backslash) at++
  return at
}

/** Where a line break ends that begins there, with the indentation behind it; the same place where none does. */
function endOfBreak(bytes: Uint8Array, from: number): number {
  let at = from
  if (bytes[at] === backslash) {
    while (bytes[at] === backslash) at++
    if (at < bytes.length && bytes[at] !== letterN && bytes[at] !== letterR) return from
  }
  at++
  while (bytes[at] === space || bytes[at] === tab) at++
  return Math.min(at, bytes.length)
}

function joined(bytes: Uint8Array, parts: readonly { readonly start: number; readonly end: number }[]): Unbroken {
  const whole = new Uint8Array(parts.reduce((sum, { start, end }) => sum + end - start, 0))
  const begins: number[] = []
  let length = 0
  for (const { start, end } of parts) {
    begins.push(length)
    whole.set(bytes.subarray(start, end), length)
    length += end - start
  }
  const placeOf = (index: number) => {
    const part = countBefore(begins, (begin) => begin <= index) - 1
    return (parts[part]?.start ?? 0) + index - (begins[part] ?? 0)
  }
  return { bytes: whole, placeOf }
}
