import type { AgentEvent } from '../domain/agent/agent-event.js'
import type { Provider } from './adapter/contract.js'
import { parseObject } from './adapter/json.js'
import { JsonScanner } from './adapter/json-scanner.js'
import { unreadableEvent } from './adapter/line.js'

/** Reads what one agent prints. */
export interface EventReader {
  /** The events in the next line of stdout. */
  read(line: string): readonly AgentEvent[]
  /** Those in what is left when there is no further line. */
  end(): readonly AgentEvent[]
}

/**
 * `Provider.readLine` for streams that are not quite one object a line: with a byte order mark or escape codes around an
 * object, several objects or an array on a line, or objects that are spread over lines. Text in front of an object is
 * not such a case: who quotes an event has not said it. A line that is read as it stands goes straight through.
 */
export function eventReader(provider: Pick<Provider, 'readLine' | 'finalEvent'>): EventReader {
  if (provider.finalEvent === 'exit') return { read: (line) => provider.readLine(line), end: () => [] }
  const reader = new LooseReader((text) => provider.readLine(text))
  return { read: (line) => reader.read(line), end: () => reader.finish() }
}

/** An object that goes on in the next line. */
interface Unfinished {
  readonly lines: string[]
  readonly scanner: JsonScanner
  length: number
}

/** An unfinished object that is longer will not end any more, characters. */
const longestUnfinished = 16 * 1024 * 1024

class LooseReader {
  readonly #readObject: (text: string) => readonly AgentEvent[]
  #unfinished: Unfinished | undefined

  constructor(readObject: (text: string) => readonly AgentEvent[]) {
    this.#readObject = readObject
  }

  read(line: string): readonly AgentEvent[] {
    if (!this.#unfinished) {
      const events = this.#readObject(line)
      return events.some(isUnreadable) ? this.#readLoosely(stripped(line), line) : events
    }
    const text = stripped(line)
    // Within an object lines are indented, or have no object of their own. The one that went before was cut off.
    if (startsAnew(text)) return [...this.#giveUp(), ...this.#readLoosely(text, line)]
    return this.#goOn(this.#unfinished, text, line)
  }

  /** What stands last may be a whole object in one that was cut off before: the final event, say. */
  finish(): readonly AgentEvent[] {
    const { lines = [] } = this.#unfinished ?? {}
    const events = this.#giveUp()
    const last = lines.findLastIndex((line, index) => index > 0 && /^\[?\{\s*$/.test(line))
    const text = last < 0 ? undefined : wholeObject(lines.slice(last).join('\n'))
    return text === undefined ? events : [...events, ...this.#readObject(text)]
  }

  #giveUp(): readonly AgentEvent[] {
    if (!this.#unfinished) return []
    const { lines } = this.#unfinished
    this.#unfinished = undefined
    return [unreadableEvent(lines.join(' '))]
  }

  #goOn(unfinished: Unfinished, text: string, line: string): readonly AgentEvent[] {
    const { lines, scanner } = unfinished
    const scanned = scanner.scan(text, 0)
    if (scanned.type === 'broken') return [...this.#giveUp(), ...this.#readLoosely(text, line)]
    lines.push(scanned.type === 'closed' ? text.slice(0, scanned.end) : text)
    unfinished.length += text.length
    if (scanned.type === 'open') return unfinished.length > longestUnfinished ? this.#giveUp() : []
    this.#unfinished = undefined
    return [...this.#readObject(lines.join('\n')), ...this.#readLoosely(text.slice(scanned.end), line)]
  }

  /** All objects up to the end of the line, or up to what is none. */
  #readLoosely(text: string, line: string): readonly AgentEvent[] {
    const events: AgentEvent[] = []
    for (let at = skipPunctuation(text, 0); at < text.length;) {
      const scanner = new JsonScanner()
      const scanned = text[at] === '{' ? scanner.scan(text, at) : ({ type: 'broken' } as const)
      if (scanned.type === 'broken') return [...events, unreadableEvent(line)]
      if (scanned.type === 'open') {
        this.#unfinished = { lines: [text.slice(at)], scanner, length: text.length - at }
        return events
      }
      events.push(...this.#readObject(text.slice(at, scanned.end)))
      at = skipPunctuation(text, scanned.end)
    }
    return events
  }
}

function isUnreadable(event: AgentEvent): boolean {
  return event.type === 'unknown' && event.line !== undefined
}

/** Whether a line has an event of its own, at its very beginning. */
function startsAnew(text: string): boolean {
  if (!/^\[?\{/.test(text)) return false
  const at = text.indexOf('{')
  const scanned = new JsonScanner().scan(text, at)
  return scanned.type === 'closed' && typeof parseObject(text.slice(at, scanned.end))?.type === 'string'
}

/** The text, less the brackets of an array around it, where it is an object with a type and nothing else. */
function wholeObject(text: string): string | undefined {
  const trimmed = text
    .trim()
    .replace(/^\[/, '')
    .replace(/\s*\]$/, '')
  return typeof parseObject(trimmed)?.type === 'string' ? trimmed : undefined
}

/** Brackets and commas of an array around objects, and blanks. */
function skipPunctuation(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n,[]'.includes(text.charAt(at))) at++
  return at
}

/**
 * Without escape sequences and control characters, none of which JSON has as they are, nor what cannot be seen at the
 * ends, where a byte order mark is, or the mark of a byte that was no UTF-8.
 */
function stripped(line: string): string {
  return line
    .replace(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()#%][0-9A-Za-z]|\x1b[0-9A-Za-z=>]/g, '')
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
    .replace(
      /^[\ufeff\ufffd\u200b-\u200f\u2028\u2029\u2060\x80-\x9f]+|[\ufeff\ufffd\u200b-\u200f\u2028\u2029\u2060\x80-\x9f]+$/g,
      '',
    )
}
