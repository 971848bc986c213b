import { err, ok, type Result } from '../../domain/result.js'
import type { Problem } from '../../domain/roadmap/problem.js'
import { createSource, positionAt, problemAt } from '../../domain/roadmap/source.js'

/** How a file is written beyond its text, so that nothing of it is lost when a value changes. */
export interface Encoding {
  readonly bom: boolean
  /** The line ending that most lines have. */
  readonly eol: '\n' | '\r\n' | '\r'
}

/** Text of a file without its byte order mark. */
export interface Decoded {
  readonly text: string
  readonly encoding: Encoding
}

/** Bigger files are refused: 10 MB. The biggest roadmap seen has 0.8 MB. */
export const maxBytes = 10 * 1024 * 1024

/** Reads bytes as UTF-8. Non-text gives E007 with the first wrong byte, a file that is too big E008. */
export function decode(bytes: Uint8Array, file: string): Result<Decoded, Problem> {
  if (bytes.length > maxBytes) {
    const position = { file, line: 1, column: 1 }
    const help = 'a roadmap may have at most 10 MB: move finished tasks to another file'
    return err(problemAt('E008', position, `the file is too large: ${bytes.length} bytes`, { help }))
  }
  const bad = firstBadByte(bytes)
  if (bad !== undefined) return err(notUtf8(bytes, bad, file))
  const text = new TextDecoder('utf-8').decode(bytes)
  return ok({ text, encoding: { bom: bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf, eol: eolOf(text) } })
}

/** The bytes of a text, with its byte order mark back in place. */
export function encode(text: string, encoding: Encoding): Uint8Array {
  return new TextEncoder().encode(encoding.bom ? `\ufeff${text}` : text)
}

function eolOf(text: string): Encoding['eol'] {
  const counts = { '\n': 0, '\r\n': 0, '\r': 0 }
  for (const [found] of text.matchAll(/\r\n|\n|\r/g)) counts[found as Encoding['eol']]++
  if (counts['\r\n'] > counts['\n'] && counts['\r\n'] >= counts['\r']) return '\r\n'
  return counts['\r'] > counts['\n'] ? '\r' : '\n'
}

/** NUL never stands in a text file, and shows UTF-16 without a mark. */
function firstBadByte(bytes: Uint8Array): number | undefined {
  const nul = bytes.indexOf(0)
  const invalid = decodes(bytes, bytes.length, false) ? undefined : firstInvalid(bytes)
  if (nul < 0) return invalid
  return invalid === undefined ? nul : Math.min(nul, invalid)
}

/**
 * Binary search for the shortest prefix that cannot be the start of any UTF-8 text. The bad byte is the first of the
 * sequence that it breaks: a Latin-1 letter shows only by the byte after it.
 */
function firstInvalid(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length + 1]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decodes(bytes, middle, true)) good = middle
    else bad = middle
  }
  for (let length = good; length > Math.max(0, good - 4); length--) if (decodes(bytes, length, false)) return length
  return Math.max(0, good - 1)
}

function decodes(bytes: Uint8Array, length: number, cutShort: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream: cutShort })
    return true
  } catch {
    return false
  }
}

function notUtf8(bytes: Uint8Array, bad: number, file: string): Problem {
  const readable = createSource(file, new TextDecoder('utf-8').decode(bytes.subarray(0, bad)))
  const byte = `0x${(bytes[bad] ?? 0).toString(16).padStart(2, '0')}`
  return problemAt('E007', positionAt(readable, readable.text.length), `the file is not UTF-8 text (byte ${byte})`, {
    help: 'save it as UTF-8 in your editor, or convert it with iconv',
  })
}
