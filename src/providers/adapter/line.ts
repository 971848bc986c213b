import { tokensOf, type AgentEvent, type Usage } from '../../domain/agent/agent-event.js'
import type { BackgroundChange } from '../../domain/agent/background.js'
import { present } from '../../domain/present.js'
import { cleanLine } from '../../domain/text.js'

/** What an agent said, at most this many UTF-16 units: answers of 5 MB on one line were seen, and memory is bounded. */
const maxTextLength = 64 * 1024

export function textEvent(text: string): AgentEvent {
  return { type: 'text', text: clipText(text) }
}

export function clipText(text: string): string {
  return text.slice(0, maxTextLength)
}

/** The turn's conversation, if the CLI names it. */
export function sessionEvents(sessionId: string | undefined, model?: string): readonly AgentEvent[] {
  return sessionId === undefined ? [] : [{ type: 'session', sessionId, ...present({ model }) }]
}

/** What one call of the model used, if anything, and if the CLI names the call. */
export function usageEvents(call: string | undefined, usage: Usage): readonly AgentEvent[] {
  return call === undefined || tokensOf(usage) === 0 ? [] : [{ type: 'usage', call, usage }]
}

/** A tool call as its CLI tells it; texts are outside text. */
export interface ToldCall {
  /** What the CLI calls the tool. */
  readonly name: string
  /** The file or command that it is about. */
  readonly target: string | undefined
  /** The CLI's name for the call. */
  readonly call?: string | undefined
  /** The files that it is to write. */
  readonly writes?: readonly string[]
}

/** As long as a path can be. Source: Linux's limits.h. */
const longestPath = 4096
const maxWritten = 100

export function toolEvent(told: ToldCall): AgentEvent {
  const writes = (told.writes ?? []).filter((path) => path.length <= longestPath).slice(0, maxWritten)
  const written = writes.length === 0 ? {} : { writes }
  return { type: 'tool', name: shortLine(told.name, 60), ...callFacts(told), ...written }
}

/** The refusal of a call, and why, as far as the CLI says it. */
export function deniedEvent(told: ToldCall, message: string): Extract<AgentEvent, { type: 'denied' }> {
  return { type: 'denied', tool: shortLine(told.name, 60), message: shortLine(message), ...callFacts(told) }
}

/** What is longer names no one thing any more. */
const longestAbout = 1_000

/** `target` is made fit for one line, `about` stays as reported: a call without a name is never looked up. */
function callFacts({ target, call }: ToldCall) {
  const short = target === undefined ? '' : shortLine(target)
  const named = call === undefined ? {} : { call: shortLine(call, 100) }
  if (target === undefined || short === '') return named
  const isWhole = call !== undefined && target.length <= longestAbout
  return { target: short, ...(isWhole ? { about: target } : {}), ...named }
}

/** Of work that may outlive the turn. */
export function backgroundEvent(change: BackgroundChange): AgentEvent {
  return { type: 'background', change }
}

export function unknownEvent(kind: string): AgentEvent {
  return { type: 'unknown', kind: shortLine(kind, 60) }
}

/** A line that is no JSON object. */
export function unreadableEvent(line: string): AgentEvent {
  return { type: 'unknown', kind: 'not a JSON object', line: shortLine(line) }
}

/** One clean line; clipped first, so that cleaning costs the same for a megabyte. */
export function shortLine(text: string, max = 200): string {
  return cleanLine(text.slice(0, max * 10), max)
}
