import { parseObject, stringAt, type JsonObject } from '../../../src/providers/adapter/json.js'
import type { FakeAgent } from './fake-agent.js'

/** A message that the client has sent. */
export interface Sent {
  readonly id?: number
  readonly method?: string
  readonly params: JsonObject
  readonly whole: JsonObject
}

/** What an agent of the tests says about itself, unless a test wants something else. */
export const introduction = { protocolVersion: 1, agentCapabilities: { loadSession: true } }
export const sessionId = '0b7c2b6e-3f5d-4f0e-9d86-1f0d4c1f7a11'

/** The words of an agent of the Agent Client Protocol, for a fake agent that is one. */
export class AcpScript {
  readonly #server: FakeAgent
  /** Whatever is told belongs to this session. */
  readonly sessionId: string

  constructor(server: FakeAgent, id = sessionId) {
    this.#server = server
    this.sessionId = id
  }

  /** The next message of the client, which must be of this method, or an answer. */
  async take(method: string | undefined): Promise<Sent> {
    const whole = parseObject(await this.#server.line()) ?? {}
    const [id, said] = [whole.id, stringAt(whole, 'method')]
    if (said !== method) throw new Error(`the client sent ${JSON.stringify(whole)}, not ${method}`)
    const params = (whole.params ?? {}) as JsonObject
    return { params, whole, ...(typeof id === 'number' ? { id } : {}), ...(said === undefined ? {} : { method: said }) }
  }

  /** Takes the next request, which must be of this method, and answers it. */
  async answer(method: string, result: JsonObject): Promise<Sent> {
    const sent = await this.take(method)
    await this.send({ id: sent.id, result })
    return sent
  }

  async fail(method: string, error: JsonObject): Promise<Sent> {
    const sent = await this.take(method)
    await this.send({ id: sent.id, error })
    return sent
  }

  /** The handshake, and a new session. */
  async open(state: JsonObject = {}): Promise<void> {
    await this.answer('initialize', introduction)
    await this.answer('session/new', { sessionId: this.sessionId, ...state })
  }

  async update(update: JsonObject, id = this.sessionId): Promise<void> {
    await this.send({ method: 'session/update', params: { sessionId: id, update } })
  }

  say(text: string, id?: string): Promise<void> {
    return this.update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } }, id)
  }

  /** A request of the agent's; gives the client's answer. */
  async ask(method: string, params: JsonObject): Promise<JsonObject> {
    await this.send({ id: `ask-${method}`, method, params: { sessionId: this.sessionId, ...params } })
    return (await this.take(undefined)).whole
  }

  send(message: JsonObject): Promise<void> {
    return this.#server.say(JSON.stringify({ jsonrpc: '2.0', ...message }))
  }

  /** The end of a turn that a prompt has begun. */
  async end({ id }: Sent, result: JsonObject = { stopReason: 'end_turn' }): Promise<void> {
    await this.send({ id, result })
  }
}
