import { randomUUID } from 'node:crypto'
import {
  namedEvent,
  objects,
  resetsInSeconds,
  tokens,
  verdictText,
  type Content,
  type HttpAnswer,
  type Protocol,
  type Refusal,
  type ToolUse,
} from './protocol.js'

/** OpenAI Responses, which codex speaks: `POST /v1/responses`. */
export const responsesProtocol: Protocol = {
  read(body) {
    const items = objects(body.input)
    // Some models get their tools by a message instead.
    const offered = [body, ...items.filter(({ type }) => type === 'additional_tools')]
    return {
      said: JSON.stringify(items),
      tools: offered.flatMap(({ tools }) => objects(tools)).map(({ name, type }) => String(name ?? type)),
      results: items.filter(({ type }) => String(type).endsWith('_call_output')).length,
      stream: body.stream === true,
    }
  },
  refuse: (refusal) => refusals[refusal](),
  encode(content, body, { tools }) {
    const item = { ...outputItem(content, tools), status: 'completed' }
    const response = (status: string, output: readonly unknown[]) => ({
      ...{ id, object: 'response', created_at: Math.floor(Date.now() / 1000), status, model: body.model, output },
      usage: status === 'completed' ? usage : null,
    })
    const id = `resp_${randomUUID()}`
    const whole = response('completed', [item])
    const events = [
      { type: 'response.created', response: response('in_progress', []) },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress' } },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: whole },
    ]
    const numbered = events.map((event, index) => ({ ...event, sequence_number: index }))
    return { events: numbered.map(namedEvent), whole }
  },
}

const usage = {
  input_tokens: tokens.input,
  input_tokens_details: { cached_tokens: tokens.cached },
  output_tokens: tokens.output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: tokens.input + tokens.output,
}

function outputItem(content: Content, tools: readonly string[]) {
  const id = randomUUID()
  if (content.type === 'text' || content.type === 'verdict') {
    const text = content.type === 'text' ? content.text : verdictText(content)
    const part = { type: 'output_text', text, annotations: [] }
    return { type: 'message', id: `msg_${id}`, role: 'assistant', content: [part] }
  }
  const call = { id: `call_${id}`, call_id: `call_${id}` }
  // Models that codex knows have one tool, to which they give a program that calls the others.
  return tools.includes('exec')
    ? { type: 'custom_tool_call', ...call, name: 'exec', input: programOf(content) }
    : { type: 'function_call', ...call, name: 'exec_command', arguments: JSON.stringify({ cmd: commandOf(content) }) }
}

function programOf(content: ToolUse): string {
  if (content.type === 'shell') return `text(await tools.exec_command(${JSON.stringify({ cmd: content.command })}));`
  const added = content.content.trimEnd().split('\n').join('\n+')
  const patch = `*** Begin Patch\n*** Add File: ${content.path}\n+${added}\n*** End Patch`
  return `text(await tools.apply_patch(${JSON.stringify(patch)}));`
}

function commandOf(content: ToolUse): string {
  return content.type === 'shell' ? content.command : `printf %s '${content.content}' > '${content.path}'`
}

const refusals: Readonly<Record<Refusal, () => HttpAnswer>> = {
  unauthorized: () =>
    refused(401, { type: 'invalid_request_error', code: 'invalid_api_key', message: 'Incorrect API key.' }),
  overloaded: () => refused(503, { type: 'server_error', code: 'server_is_overloaded', message: 'Overloaded.' }),
  usage_limit: () =>
    refused(429, {
      type: 'usage_limit_reached',
      message: 'The usage limit has been reached',
      plan_type: 'plus',
      resets_at: Math.floor(Date.now() / 1000) + resetsInSeconds,
      resets_in_seconds: resetsInSeconds,
    }),
}

function refused(status: number, error: Readonly<Record<string, unknown>>) {
  return { status, body: { error: { code: null, param: null, ...error } } }
}
