import type { AcpAgent, AcpCall } from '../acp/agent.js'
import { targetOf } from '../acp/calls.js'
import { acpServing } from '../acp/serving.js'
import type { Serving } from '../adapter/contract.js'
import { stringAt } from '../adapter/json.js'
import type { ToldCall } from '../adapter/line.js'
import { errorInWords, serverFailure } from './failure.js'
import { permissionFlags } from './flags.js'
import { isRefused } from './read-line.js'

/** GitHub Copilot CLI as a server. Source: recorded exchanges with 1.0.102. */
const agent: AcpAgent = {
  name: 'copilot',
  settings: (assignment) =>
    assignment.type === 'work' && assignment.request.permissions === 'full'
      ? []
      : [{ name: 'allow_all', value: 'off', for: 'permissions', isOptional: true }],
  failureOf: serverFailure,
  callOf,
  refusalOf: (said, code) => (isRefused(said, code) ? {} : undefined),
  isNotice: (piece) => piece.startsWith('Info: '),
  failureInWords: errorInWords,
}

/**
 * Under `edit` it gets a process for each turn: what it may not do is asked for over this protocol, and a redirection of
 * a permitted command was not.
 */
export const copilotServing: Serving = acpServing(agent, (assignment) => {
  const { model } = assignment.request
  if (assignment.type === 'work' && assignment.request.permissions === 'edit') return undefined
  return {
    file: 'copilot',
    args: [
      ...['--acp', '--no-color', '--no-ask-user'],
      ...(model === undefined ? [] : ['--model', model]),
      ...permissionFlags(assignment),
    ],
    env: { COPILOT_AUTO_UPDATE: 'false' },
  }
})

/** The protocol has only kinds of tools; the arguments tell them apart. */
function callOf(call: AcpCall): ToldCall {
  const { input, kind, paths } = call
  const isNew = stringAt(input, 'file_text') !== undefined
  const name = kind === 'execute' ? 'bash' : kind === 'edit' ? (isNew ? 'create' : 'edit') : (kind ?? 'tool')
  const target = targetOf(call, ['path', 'command', 'pattern', 'url', 'query', 'description'])
  return { name, target, writes: kind === 'edit' ? paths : [] }
}
