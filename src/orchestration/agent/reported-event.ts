import type { MonotonicMs } from '../../domain/brand.js'
import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { later, type Clock } from '../../domain/clock.js'
import { cleanLine, cleanText } from '../../domain/text.js'

/** What is kept of a text, characters. */
export const longestText = 2_000
const textPauseMs = 250
const maxEvents = 5_000
const maxRefusals = 20_000

/**
 * Which events of a turn become events of the run: text at most four times a second, and so many in all, so that
 * an agent that prints 200 MB does not fill the journal. Refusals are counted apart: what they tell is not to be lost
 * behind much else. Evidence is taken from all of them.
 */
export function admission(clock: Clock): (event: AgentEvent) => boolean {
  let textAfter: MonotonicMs | undefined
  let left = maxEvents
  let refusalsLeft = maxRefusals
  return ({ type }) => {
    if (type === 'result' || type === 'session') return true
    if (type === 'denied') return refusalsLeft-- > 0
    // It is not told, so that it must not use up what others may.
    if (type === 'background') return false
    if (type === 'text') {
      const now = clock.monotonic()
      if (textAfter !== undefined && now < textAfter) return false
      textAfter = later(now, textPauseMs)
    }
    return left-- > 0
  }
}

/** The event as it goes into the journal and to reporters: clean, and short. Raw output is in the attempt's files. */
export function cleanEvent(event: AgentEvent): AgentEvent | undefined {
  switch (event.type) {
    case 'unknown':
    case 'usage':
    case 'background':
      return undefined
    case 'text':
      return { type: 'text', text: cleanText(event.text).slice(0, longestText) }
    case 'tool': {
      const { target } = event
      return {
        type: 'tool',
        name: cleanLine(event.name),
        ...(target === undefined ? {} : { target: cleanLine(target) }),
      }
    }
    case 'denied': {
      const { type, tool, message, target, allow } = event
      return {
        ...{ type, tool: cleanLine(tool), message: cleanLine(message) },
        ...(target === undefined ? {} : { target: cleanLine(target) }),
        ...(allow === undefined ? {} : { allow: cleanLine(allow, longestText) }),
      }
    }
    case 'retrying':
      return { type: 'retrying', message: cleanLine(event.message) }
    case 'result': {
      // Without its answer to a schema, which becomes an event of its own.
      const { type, failure: failed, text, usage, turns, sessionId } = event
      return {
        type,
        ...(failed === undefined ? {} : { failure: failed }),
        ...(text === undefined ? {} : { text: cleanText(text).slice(0, longestText) }),
        ...(usage === undefined ? {} : { usage }),
        ...(turns === undefined ? {} : { turns }),
        ...(sessionId === undefined ? {} : { sessionId }),
      }
    }
    case 'session':
    case 'tool_ended':
    case 'limit':
      return event
  }
}
