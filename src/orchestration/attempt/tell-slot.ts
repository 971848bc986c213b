import { madeOfNumbers } from '../../domain/secrets/env-template.js'
import { slotNumber, variablesOf } from '../../domain/agent/work-number.js'
import { renderSurroundings } from '../../prompt/surroundings.js'
import type { AgentSettings } from '../agent/agent-work.js'
import type { HeldTurn } from './turn.js'

interface SlotTelling {
  readonly settings: Pick<AgentSettings, 'numbering'>
  /** The slot that its conversation knows of. */
  readonly told: { slot?: string }
}

/**
 * The turn, with the slot's values in its prompt where it goes on with a conversation that had others, or had its turns
 * before in another run, whose ports were others. One that begins a conversation finds them in its environment.
 */
export function withSlotTold({ settings, told }: SlotTelling, turn: HeldTurn): HeldTurn {
  const { id } = turn.slot.agent
  const isKnown = turn.resumes === undefined || told.slot === id
  told.slot = id
  if (isKnown) return turn
  const { templates, ports } = settings.numbering ?? { templates: {}, ports: [] }
  const numbered = variablesOf({ number: slotNumber(id) }, ports)
  const surroundings = renderSurroundings({ numbered, made: madeOfNumbers(templates) })
  return { ...turn, prompt: `${turn.prompt.trimEnd()}\n\n${surroundings}` }
}
