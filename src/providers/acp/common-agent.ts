import type { ToldCall } from '../adapter/line.js'
import { stringAt } from '../adapter/json.js'
import type { AcpAgent, AcpCall } from './agent.js'
import { targetOf } from './calls.js'
import { commonFailure } from './failure.js'

/** An agent of which no more is known than that it speaks the protocol. */
export function commonAgent(name: string): AcpAgent {
  return {
    name,
    settings: ({ request: { model } }) => (model === undefined ? [] : [{ name: 'model', value: model, for: 'model' }]),
    failureOf: (error) => commonFailure(name, error, { command: 'its own command', lasting: 'a key of its own' }),
    callOf,
    refusalOf: () => undefined,
  }
}

/** By the names of fields that several agents use, the most telling first. */
const telling = ['command', 'path', 'file_path', 'filePath', 'pattern', 'url', 'query', 'description']

function callOf(call: AcpCall): ToldCall {
  const name = stringAt(call.meta, 'toolName') ?? call.kind ?? 'tool'
  return { name, target: targetOf(call, telling), writes: call.kind === 'edit' ? call.paths : [] }
}
