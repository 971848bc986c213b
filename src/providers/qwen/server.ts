import type { Usage } from '../../domain/agent/agent-event.js'
import type { AcpAgent, AcpCall } from '../acp/agent.js'
import { targetOf } from '../acp/calls.js'
import { acpServing } from '../acp/serving.js'
import { usageInWords } from '../acp/updates.js'
import type { Serving } from '../adapter/contract.js'
import { objectAt, stringAt, type JsonObject } from '../adapter/json.js'
import type { ToldCall } from '../adapter/line.js'
import { serverFailure } from './failure.js'
import { isRefused, telling } from './read-line.js'
import { reviewing, setup, unrestricted } from './setup.js'

/** Qwen Code as a server. Source: recorded exchanges with 0.24.4. */
const agent: AcpAgent = {
  name: 'qwen',
  settings: ({ type }) => (type === 'review' ? [{ name: 'mode', value: 'plan', for: 'permissions' }] : []),
  modelName,
  failureOf: serverFailure,
  callOf,
  refusalOf: (said) => (isRefused(said) ? {} : undefined),
  hasFailed: (update) => {
    const exit = objectAt(update, 'rawOutput')?.exitCode
    return typeof exit === 'number' && exit !== 0
  },
  usageOf: () => undefined,
  callUsageOf,
  // What a person would have typed meanwhile.
  answers: new Map([['craft/drainMidTurnQueue', {}]]),
}

/** With `edit` its sandbox restricts it, which it does not have over this protocol: then each turn gets a process. */
export const qwenServing: Serving = acpServing(agent, (assignment, ownDir) => {
  const { model } = assignment.request
  if (assignment.type === 'work' && assignment.request.permissions === 'edit') return undefined
  const { flags, settings } = assignment.type === 'review' ? reviewing : { flags: unrestricted }
  return {
    file: 'qwen',
    args: ['--acp', ...(model === undefined ? [] : ['--model', model]), ...flags],
    ...setup(ownDir, settings),
  }
})

function callOf(call: AcpCall): ToldCall {
  const name = stringAt(call.meta, 'toolName') ?? call.kind ?? 'tool'
  return { name, target: targetOf(call, telling), writes: call.kind === 'edit' ? call.paths : [] }
}

/** Such as `$runtime|openai|NAME(openai)`: where it is known from, how one logs in, its name, and that again. */
function modelName(id: string): string {
  return id.replace(/^\$runtime\|[^|]*\|/, '').replace(/\([\w-]+\)$/, '')
}

/** With an empty piece of text, for each call of the model. */
function callUsageOf(update: JsonObject): Usage | undefined {
  return usageInWords(objectAt(update, '_meta') ?? {})
}
