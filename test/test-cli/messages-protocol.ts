import { randomUUID } from 'node:crypto'
import {
  namedEvent,
  objects,
  resetsInSeconds,
  tokens,
  type Content,
  type HttpAnswer,
  type Protocol,
  type Refusal,
} from './protocol.js'

/** Anthropic Messages, which claude speaks: `POST /v1/messages`. */
export const messagesProtocol: Protocol = {
  read(body) {
    const blocks = objects(body.messages).flatMap(({ content }) => objects(content))
    return {
      said: JSON.stringify(body.messages),
      tools: objects(body.tools).map(({ name }) => String(name)),
      results: blocks.filter(({ type }) => type === 'tool_result').length,
      stream: body.stream === true,
    }
  },
  refuse: (refusal) => refusals[refusal](),
  encode(content, body) {
    const { block, delta, full, stop } = parts(content)
    const message = {
      ...{ id: `msg_${randomUUID()}`, type: 'message', role: 'assistant', model: body.model },
      ...{ content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } },
    }
    return {
      events: [
        { type: 'message_start', message },
        { type: 'content_block_start', index: 0, content_block: block },
        { type: 'content_block_delta', index: 0, delta },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage },
        { type: 'message_stop' },
      ].map(namedEvent),
      whole: { ...message, content: [full], stop_reason: stop, usage },
    }
  },
}

const usage = {
  input_tokens: tokens.input - tokens.cached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: tokens.cached,
  output_tokens: tokens.output,
}

/** A content block as it begins, what is then added to it, and how it is in the end. */
function parts(content: Content) {
  if (content.type === 'text') {
    const { text } = content
    const block = { type: 'text', text: '' }
    return { block, delta: { type: 'text_delta', text }, full: { ...block, text }, stop: 'end_turn' }
  }
  const { name, input } = toolCall(content)
  const block = { type: 'tool_use', id: `toolu_${randomUUID()}`, name, input: {} }
  const delta = { type: 'input_json_delta', partial_json: JSON.stringify(input) }
  return { block, delta, full: { ...block, input }, stop: 'tool_use' }
}

function toolCall(content: Exclude<Content, { type: 'text' }>) {
  switch (content.type) {
    case 'write':
      return { name: 'Write', input: { file_path: content.path, content: content.content } }
    case 'shell':
      return { name: 'Bash', input: bashInput(content) }
    // claude takes an answer by a schema as the call of a tool of its own.
    case 'verdict':
      return { name: 'StructuredOutput', input: { verdict: content.verdict, reasons: content.reasons } }
  }
}

function bashInput({ command, background }: Extract<Content, { type: 'shell' }>) {
  return { command, description: 'Runs a command', ...(background ? { run_in_background: true } : {}) }
}

const refusals: Readonly<Record<Refusal, () => HttpAnswer>> = {
  unauthorized: () => refused(401, 'authentication_error', 'invalid x-api-key'),
  overloaded: () => refused(529, 'overloaded_error', 'Overloaded'),
  usage_limit: () => {
    const reset = String(Math.floor(Date.now() / 1000) + resetsInSeconds)
    return refused(429, 'rate_limit_error', "This request would exceed your account's rate limit.", {
      'retry-after': String(resetsInSeconds),
      'anthropic-ratelimit-unified-status': 'rejected',
      'anthropic-ratelimit-unified-reset': reset,
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
      'anthropic-ratelimit-unified-5h-status': 'rejected',
      'anthropic-ratelimit-unified-5h-reset': reset,
      'anthropic-ratelimit-unified-5h-utilization': '1.0',
    })
  },
}

function refused(status: number, type: string, message: string, headers: Readonly<Record<string, string>> = {}) {
  return { status, headers, body: { type: 'error', error: { type, message }, request_id: 'req_test' } }
}
