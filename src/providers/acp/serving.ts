import type { Assignment, ServerCommand, Serving } from '../adapter/contract.js'
import type { AcpAgent } from './agent.js'
import { AcpDialogue } from './dialogue.js'

/** An agent CLI as a server that speaks the Agent Client Protocol. */
export function acpServing(
  agent: AcpAgent,
  command: (assignment: Assignment, ownDir: string) => ServerCommand | undefined,
): Serving {
  return { command, dialogue: (wire) => new AcpDialogue(agent, wire) }
}
