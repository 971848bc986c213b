import { client, RequestError, type AnyMessage } from '@agentclientprotocol/sdk'
import { asObject, numberAt, objectAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'

/** Who an agent talks to. */
export interface Peer {
  send(line: string): void
  /** A `session/update`. */
  updated(params: JsonObject): void
  /** Its answer to a request; undefined for one that it does not know. */
  asked(method: string, params: JsonObject): JsonObject | undefined
}

/** The way to an agent, in messages of JSON-RPC. */
export interface AcpConnection {
  /** Takes a line in. False for one that is no message of the protocol. */
  receive(line: string): boolean
  /** Rejects with an error that `rpcErrorIn` knows. */
  request(method: string, params: JsonObject): Promise<JsonObject>
  notify(method: string, params: JsonObject): void
}

/**
 * A connection of the protocol's own library, which sends requests, knows whose answer an answer is, and answers what
 * the agent asks for. It is given only what it can use: anything else it would write to stderr or send back to the
 * agent. Updates go past it, since it drops one altogether if a single field is not as its schema has it.
 */
export function openConnection(peer: Peer): AcpConnection {
  const open = new Set<unknown>()
  let enqueue: (message: AnyMessage) => void = () => undefined
  const readable = new ReadableStream<AnyMessage>({
    start: (controller) => (enqueue = (message) => controller.enqueue(message)),
  })
  const writable = new WritableStream<AnyMessage>({
    write(message) {
      if ('method' in message && 'id' in message) open.add(message.id)
      peer.send(JSON.stringify(message))
    },
  })
  const { agent } = client({ name: 'autopilot' })
    .onRequest('*', ({ method, params }) => {
      const answer = peer.asked(method, asObject(params) ?? {})
      if (!answer) throw RequestError.methodNotFound(method)
      return answer
    })
    .connect({ readable, writable })
  return {
    receive(line) {
      const message = parseObject(line)
      if (!message) return false
      const usable = requestIn(message) ?? responseIn(message, open)
      if (usable) enqueue(usable)
      else if (stringAt(message, 'method') === 'session/update') peer.updated(objectAt(message, 'params') ?? {})
      return usable !== undefined || message.jsonrpc === '2.0' || stringAt(message, 'method') !== undefined
    },
    request: (method, params) => agent.request(method, params).then((result) => asObject(result) ?? {}),
    notify(method, params) {
      agent.notify(method, params).catch(() => undefined)
    },
  }
}

function requestIn(message: JsonObject): AnyMessage | undefined {
  const { id, params } = message
  const method = stringAt(message, 'method')
  const isAnswerable = typeof id === 'string' || typeof id === 'number' || id === null
  return method === undefined || !isAnswerable ? undefined : { jsonrpc: '2.0', id, method, params }
}

/** The answer to an open request; each is answered once. */
function responseIn(message: JsonObject, open: Set<unknown>): AnyMessage | undefined {
  const id = numberAt(message, 'id')
  if (id === undefined || stringAt(message, 'method') !== undefined || !open.delete(id)) return undefined
  if (Object.hasOwn(message, 'result')) return { jsonrpc: '2.0', id, result: message.result }
  const error = objectAt(message, 'error')
  const [code, said] = [error?.code, stringAt(error, 'message')]
  const isWhole = typeof code === 'number' && Number.isInteger(code)
  return {
    ...{ jsonrpc: '2.0', id },
    error: { code: isWhole ? code : -32603, message: said ?? 'an error that says nothing', data: error?.data },
  }
}
