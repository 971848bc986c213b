import type { AgentEvent } from './agent-event.js'

/** What an agent was seen doing, for the line of its slot; undefined for what is no action. Outside text. */
export function lastAction(event: AgentEvent): string | undefined {
  switch (event.type) {
    case 'tool':
      return event.target === undefined ? event.name : `${event.name} ${event.target}`
    case 'text':
      return event.text
    case 'denied':
      return `refused: ${event.tool}${event.target === undefined ? '' : ` ${event.target}`}`
    case 'retrying':
      return `retrying: ${event.message}`
    case 'session':
    case 'tool_ended':
    case 'limit':
    case 'usage':
    case 'result':
    case 'unknown':
    case 'background':
      return undefined
  }
}
