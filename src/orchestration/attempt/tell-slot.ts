import { madeOfNumbers } from '../../domain/secrets/env-template.js'
import { slotNumber, variablesOf } from '../../domain/agent/work-number.js'
import { renderSurroundings } from '../../prompt/surroundings.js'
import type { AgentSettings } from '../agent/agent-work.js'
import type { HeldTurn } from './turn.js'

/**
 * The turn, with the slot's values in its prompt where it goes on with a conversation that had others, or had its turns
 * before in another run, whose ports were others. One that begins a conversation finds them in its environment.
 * `told`: the slot that its conversation knows of.
 */
export function withSlotTold(
  { numbering = { templates: {}, ports: [] } }: Pick<AgentSettings, 'numbering'>,
  told: { slot?: string },
  turn: HeldTurn,
): HeldTurn {
  const { id } = turn.slot.agent
  const isKnown = turn.resumes === undefined || told.slot === id
  told.slot = id
  if (isKnown) return turn
  const numbered = variablesOf({ number: slotNumber(id) }, numbering.ports)
  const surroundings = renderSurroundings({ numbered, made: madeOfNumbers(numbering.templates) })
  return { ...turn, prompt: `${turn.prompt.trimEnd()}\n\n${surroundings}` }
}
