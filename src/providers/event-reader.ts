import type { AgentEvent } from '../domain/agent/agent-event.js'
import type { Provider } from './adapter/contract.js'
import { parseObject } from './adapter/json.js'
import { JsonScanner } from './adapter/json-scanner.js'
import { clipText, textEvent, unreadableEvent } from './adapter/line.js'

/** Reads what one agent prints. */
export interface EventReader {
  /** The events in the next line of stdout. */
  read(line: string): readonly AgentEvent[]
  /** Those in the rest, after the last line. */
  end(): readonly AgentEvent[]
}

/**
 * `Provider.readLine` for streams that aren't quite one object per line: a byte order mark or escape codes around an
 * object, several objects or an array on a line, or objects over several lines. Text in front of an object is not such
 * a case: quoting an event is not saying it. A line that is readable as it is goes straight through.
 */
export function eventReader(provider: Pick<Provider, 'readLine' | 'finalEvent' | 'textComesIn'>): EventReader {
  if (provider.finalEvent === 'exit') return { read: (line) => provider.readLine(line), end: () => [] }
  const reader = new LooseReader((text) => provider.readLine(text))
  const loose = { read: (line: string) => reader.read(line), end: () => reader.finish() }
  return provider.textComesIn === 'pieces' ? joined(loose) : loose
}

/** Holds pieces of text back until something else comes. */
function joined(pieces: EventReader): EventReader {
  let held: string | undefined
  const release = (): readonly AgentEvent[] => {
    const whole = held
    held = undefined
    return whole === undefined ? [] : [textEvent(whole)]
  }
  const join = (events: readonly AgentEvent[]): readonly AgentEvent[] =>
    events.flatMap((event) => {
      if (event.type !== 'text') return [...release(), event]
      held = clipText(`${held ?? ''}${event.text}`)
      return []
    })
  return { read: (line) => join(pieces.read(line)), end: () => [...join(pieces.end()), ...release()] }
}

/** An object that continues on the next line. */
interface Unfinished {
  readonly lines: string[]
  readonly scanner: JsonScanner
  length: number
}

/** An unfinished object longer than this, in characters, will never end. */
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
    // Inside an object, lines are indented or contain no object of their own. So the previous one was cut off.
    if (startsEvent(text)) return [...this.#giveUp(), ...this.#readLoosely(text, line)]
    return this.#append(this.#unfinished, text, line)
  }

  /** The end may contain a whole object inside one that was cut off: the final event, for example. */
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

  #append(unfinished: Unfinished, text: string, line: string): readonly AgentEvent[] {
    const { lines, scanner } = unfinished
    const scanned = scanner.scan(text, 0)
    if (scanned.type === 'broken') return [...this.#giveUp(), ...this.#readLoosely(text, line)]
    lines.push(scanned.type === 'closed' ? text.slice(0, scanned.end) : text)
    unfinished.length += text.length
    if (scanned.type === 'open') return unfinished.length > longestUnfinished ? this.#giveUp() : []
    this.#unfinished = undefined
    return [...this.#readObject(lines.join('\n')), ...this.#readLoosely(text.slice(scanned.end), line)]
  }

  /** All objects up to the end of the line, or up to something that isn't one. */
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

/** Whether a line starts with an event of its own. */
function startsEvent(text: string): boolean {
  if (!/^\[?\{/.test(text)) return false
  const at = text.indexOf('{')
  const scanned = new JsonScanner().scan(text, at)
  return scanned.type === 'closed' && typeof parseObject(text.slice(at, scanned.end))?.type === 'string'
}

/** The text without the brackets of an array around it, if it is just an object with a type. */
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
 * Without escape sequences and control characters, which JSON never contains unescaped, and without invisible
 * characters at the ends, such as a byte order mark or the replacement for a byte that wasn't UTF-8.
 */
export function stripped(line: string): string {
  return line
    .replace(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()#%][0-9A-Za-z]|\x1b[0-9A-Za-z=>]/g, '')
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
    .replace(
      /^[\ufeff\ufffd\u200b-\u200f\u2028\u2029\u2060\x80-\x9f]+|[\ufeff\ufffd\u200b-\u200f\u2028\u2029\u2060\x80-\x9f]+$/g,
      '',
    )
}
