import type { AcpAgent, AcpCall } from '../acp/agent.js'
import { acpServing } from '../acp/serving.js'
import type { Serving } from '../adapter/contract.js'
import { objectAt, type JsonObject } from '../adapter/json.js'
import type { ToldCall } from '../adapter/line.js'
import { serverFailure } from './failure.js'
import { isRefusal, readOpencodeLine, targetOf, writtenBy } from './read-line.js'
import { agentOf, setupOf } from './setup.js'

/** opencode as a server. Source: recorded exchanges with 1.18.33. */
const agent: AcpAgent = {
  name: 'opencode',
  settings(assignment) {
    const { model } = assignment.request
    const restricted = agentOf(assignment)
    return [
      ...(restricted === undefined ? [] : [{ name: 'mode', value: restricted, for: 'permissions' } as const]),
      ...(model === undefined ? [] : [{ name: 'model', value: model, for: 'model' } as const]),
    ]
  },
  failureOf: serverFailure,
  callOf,
  refusalOf: (said) => (isRefusal(said) ? {} : undefined),
  hasFailed,
  // The answer has only the last call of the model; the plugin tells of each.
  usageOf: () => undefined,
  readAside: (line) => readOpencodeLine(line).filter(({ type }) => ofPlugin.has(type)),
}

export const opencodeServing: Serving = acpServing(agent, (assignment, ownDir) => {
  const { env, files } = setupOf(assignment, ownDir, true)
  return { file: 'opencode', args: ['acp'], env, files }
})

/** What the plugin tells, and what cannot be read. The turn's end and what it says come by the protocol. */
const ofPlugin: ReadonlySet<string> = new Set(['usage', 'retrying', 'unknown'])

/** A call is first titled with the name of its tool, then with what it is about. */
function callOf({ firstTitle, input, paths }: AcpCall): ToldCall {
  const name = firstTitle ?? 'tool'
  return { name, target: targetOf(input) ?? paths[0], writes: writtenBy(name, input) }
}

function hasFailed(update: JsonObject): boolean {
  const exit = objectAt(objectAt(update, 'rawOutput'), 'metadata')?.exit
  return typeof exit === 'number' && exit !== 0
}
