import { type AgentEvent, type Usage } from '../../domain/agent/agent-event.js'
import { numberAt, objectAt, stringAt, type JsonObject } from '../adapter/json.js'
import { clipText, textEvent, unknownEvent } from '../adapter/line.js'
import type { AcpAgent } from './agent.js'
import { Calls } from './calls.js'

/** Updates that tell nothing that is needed. Source: the protocol's schema, and recorded exchanges. */
const silent: ReadonlySet<string> = new Set([
  ...['user_message_chunk', 'agent_thought_chunk', 'plan', 'plan_update', 'plan_removed', 'available_commands_update'],
  ...['current_mode_update', 'config_option_update', 'session_info_update', 'usage_update'],
])

interface Message {
  readonly id: string | undefined
  readonly text: string
}

/** What a turn's updates tell, as events. Texts come in pieces, of which each message is put together. */
export class Updates {
  readonly calls: Calls
  readonly #agent: AcpAgent
  readonly #hear: (events: readonly AgentEvent[]) => void
  #message: Message | undefined
  #lastWords = ''
  #modelCalls = 0

  constructor(agent: AcpAgent, hear: (events: readonly AgentEvent[]) => void) {
    this.#agent = agent
    this.#hear = hear
    this.calls = new Calls(agent)
  }

  /** The last piece of text, if nothing came after it. */
  get lastWords(): string {
    return this.#lastWords
  }

  take(update: JsonObject): void {
    const type = stringAt(update, 'sessionUpdate') ?? 'no type'
    if (type === 'agent_message_chunk') this.#say(update)
    else if (type === 'tool_call' || type === 'tool_call_update') this.tell(this.calls.update(update))
    else if (!silent.has(type)) this.tell([unknownEvent(type)])
    const usage = this.#agent.callUsageOf?.(update)
    if (usage) this.#tellUsage(usage)
  }

  /** Passes events on, behind what was said before. */
  tell(events: readonly AgentEvent[]): void {
    if (events.length === 0) return
    this.endMessage()
    this.#hear(events)
  }

  endMessage(): void {
    const message = this.#message
    this.#message = undefined
    this.#lastWords = ''
    if (message && message.text !== '') this.#hear([textEvent(message.text)])
  }

  #say(update: JsonObject): void {
    const piece = stringAt(objectAt(update, 'content'), 'text') ?? ''
    if (piece === '' || this.#agent.isNotice?.(piece)) return
    const id = stringAt(update, 'messageId')
    if (this.#message && this.#message.id !== id) this.endMessage()
    this.#message = { id, text: clipText(`${this.#message?.text ?? ''}${piece}`) }
    this.#lastWords = clipText(piece)
  }

  /** In the middle of a message, so it does not end that. */
  #tellUsage(usage: Usage): void {
    this.#hear([{ type: 'usage', call: `${++this.#modelCalls}`, usage }])
  }
}

/**
 * The tokens of an answer to a prompt, by the words of the protocol. Agents differ in whether cached tokens are a part
 * of those that the model read; in the sum they are.
 */
export function usageInWords(answer: JsonObject): Usage | undefined {
  const usage = objectAt(answer, 'usage')
  if (!usage) return undefined
  const written = (numberAt(usage, 'outputTokens') ?? 0) + (numberAt(usage, 'thoughtTokens') ?? 0)
  const read = numberAt(usage, 'inputTokens') ?? 0
  return {
    inputTokens: Math.max(read, (numberAt(usage, 'totalTokens') ?? 0) - written),
    cachedInputTokens: numberAt(usage, 'cachedReadTokens') ?? 0,
    outputTokens: written,
  }
}
