import type { AgentEvent } from '../domain/agent-event.js'
import { cleanLine } from '../domain/text.js'

/** What an agent said, at most this many UTF-16 units: answers of 5 MB on one line were seen, and memory is bounded. */
const maxTextLength = 64 * 1024

export function textEvent(text: string): AgentEvent {
  return { type: 'text', text: clipText(text) }
}

export function clipText(text: string): string {
  return text.slice(0, maxTextLength)
}

/** `name` is what the CLI calls the tool, `target` the file or command it is about; both made fit for one line. */
export function toolEvent(name: string, target: string | undefined): AgentEvent {
  const short = target === undefined ? '' : shortLine(target)
  return { type: 'tool', name: shortLine(name, 60), ...(short === '' ? {} : { target: short }) }
}

export function unknownEvent(kind: string): AgentEvent {
  return { type: 'unknown', kind: shortLine(kind, 60) }
}

/** One clean line; clipped first, so that cleaning costs the same for a megabyte. */
export function shortLine(text: string, max = 200): string {
  return cleanLine(text.slice(0, max * 10), max)
}
