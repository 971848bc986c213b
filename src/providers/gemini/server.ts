import type { Usage } from '../../domain/agent/agent-event.js'
import { acpServing } from '../acp/serving.js'
import type { AcpAgent, AcpCall } from '../acp/agent.js'
import { targetOf } from '../acp/calls.js'
import type { Serving } from '../adapter/contract.js'
import { numberAt, objectAt, type JsonObject } from '../adapter/json.js'
import type { ToldCall } from '../adapter/line.js'
import { serverFailure } from './failure.js'
import { refusalOf } from './read-line.js'
import { approvalMode, setupOf } from './setup.js'

/** Gemini CLI as a server. Source: recorded exchanges with 0.61.0. */
const agent: AcpAgent = {
  name: 'gemini',
  settings(assignment) {
    const { model } = assignment.request
    return [
      { name: 'mode', value: approvalMode(assignment), for: 'permissions' },
      ...(model === undefined ? [] : [{ name: 'model', value: model, for: 'model' } as const]),
    ]
  },
  failureOf: serverFailure,
  callOf,
  refusalOf,
  usageOf,
}

export const geminiServing: Serving = acpServing(agent, (assignment, ownDir) => {
  const { flags, env, files } = setupOf(assignment, ownDir)
  return { file: 'gemini', args: ['--acp', '--skip-trust', ...flags], env, files }
})

/** A call's id begins with the name of its tool. What it is about stands in its title, and for files where it works. */
function callOf(call: AcpCall): ToldCall {
  const name = /^([a-z_]+?)__/.exec(call.id)?.[1] ?? call.kind ?? 'tool'
  const isEdit = name === 'write_file' || name === 'replace'
  return { name, target: targetOf(call, []), writes: isEdit ? call.paths : [] }
}

/** Of this prompt alone, cached tokens included, which are not told. */
function usageOf(answer: JsonObject): Usage | undefined {
  const count = objectAt(objectAt(objectAt(answer, '_meta'), 'quota'), 'token_count')
  if (!count) return undefined
  const [inputTokens, outputTokens] = [numberAt(count, 'input_tokens') ?? 0, numberAt(count, 'output_tokens') ?? 0]
  return { inputTokens, outputTokens, cachedInputTokens: 0 }
}
