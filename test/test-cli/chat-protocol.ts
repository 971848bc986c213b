import { randomUUID } from 'node:crypto'
import type { ChatTools } from './chat-tools.js'
import {
  dataEvent,
  objects,
  resetsInSeconds,
  tokens,
  verdictText,
  type Body,
  type Content,
  type HttpAnswer,
  type Protocol,
  type Refusal,
  type ToolCall,
  type ToolUse,
} from './protocol.js'

/** OpenAI Chat Completions, which several CLIs speak: `POST …/v1/chat/completions`. `toolCall`: by a CLI's own tools. */
export function chatProtocol({ toolCall, waitsSilently }: ChatTools): Protocol {
  return {
    read(body) {
      const messages = objects(body.messages)
      return {
        // The CLI's own instructions are not what was said.
        said: JSON.stringify(messages.filter(({ role }) => role !== 'system' && role !== 'developer')),
        tools: objects(body.tools).flatMap((tool) => objects([tool.function]).map(({ name }) => String(name))),
        results: messages.filter(({ role }) => role === 'tool').length,
        stream: body.stream === true,
      }
    },
    refuse: (refusal) => ({ ...refusals[refusal](), ...(waitsSilently ? { headers: {} } : {}) }),
    encode(content, body) {
      const { model } = body
      const { delta, message, finish } = parts(content, (use) => toolCall(use, directoryIn(body)))
      const answer = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model }
      const chunk = (choice: object) =>
        dataEvent({
          ...answer,
          object: 'chat.completion.chunk',
          choices: [{ index: 0, finish_reason: null, ...choice }],
        })
      return {
        events: [
          chunk({ delta: { role: 'assistant', content: '' } }),
          chunk({ delta }),
          chunk({ delta: {}, finish_reason: finish }),
          dataEvent({ ...answer, object: 'chat.completion.chunk', choices: [], usage }),
          dataEvent('[DONE]'),
        ],
        whole: {
          ...{ ...answer, object: 'chat.completion', usage },
          choices: [{ index: 0, finish_reason: finish, message: { role: 'assistant', ...message } }],
        },
      }
    },
  }
}

/** As the CLI's own instructions name it. */
function directoryIn(body: Body): string {
  return /working (?:in the )?directory: (\/[^"\\]+)/i.exec(JSON.stringify(body.messages))?.[1] ?? '/'
}

const usage = {
  prompt_tokens: tokens.input,
  prompt_tokens_details: { cached_tokens: tokens.cached },
  completion_tokens: tokens.output,
  total_tokens: tokens.input + tokens.output,
}

/** What is added to the message in a stream, the whole message, and why it ends. */
function parts(content: Content, toolCall: (use: ToolUse) => ToolCall) {
  if (content.type === 'text' || content.type === 'verdict') {
    const message = { content: content.type === 'text' ? content.text : verdictText(content) }
    return { delta: message, message, finish: 'stop' }
  }
  const { name, input } = toolCall(content)
  const call = { id: `call_${randomUUID()}`, type: 'function', function: { name, arguments: JSON.stringify(input) } }
  return {
    delta: { tool_calls: [{ index: 0, ...call }] },
    message: { content: null, tool_calls: [call] },
    finish: 'tool_calls',
  }
}

const refusals: Readonly<Record<Refusal, () => HttpAnswer>> = {
  unauthorized: () => refused(401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key.'),
  overloaded: () => refused(503, 'server_error', 'server_is_overloaded', 'The server is overloaded.'),
  usage_limit: () =>
    refused(
      ...([429, 'insufficient_quota', 'insufficient_quota'] as const),
      'You exceeded your current quota, please check your plan and billing details.',
      { 'retry-after': String(resetsInSeconds) },
    ),
}

function refused(
  status: number,
  type: string,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return { status, headers, body: { error: { message, type, code, param: null } } }
}
