import { objectAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'
import { shortLine } from '../adapter/line.js'

export type RpcAnswer =
  { readonly type: 'result'; readonly result: JsonObject } | { readonly type: 'error'; readonly error: RpcError }

export interface RpcError {
  readonly code: number
  readonly message: string
}

export interface RpcListener {
  /** Sends a line; the line break is added. */
  readonly send: (line: string) => void
  readonly notified: (method: string, params: JsonObject | undefined) => void
  /** A request, which is answered at once: nobody else would. */
  readonly asked: (method: string, params: JsonObject | undefined) => RpcAnswer
  /** It does not speak the protocol. */
  readonly broke: (how: string) => void
}

export const methodNotFound = -32601

/** Before the first answer: what a launcher or a version manager has to say. */
const mostStrangeLines = 10

/**
 * The client's end of JSON-RPC as codex speaks it: one message a line, without the field `jsonrpc`. Requests are told
 * from answers by `method`.
 */
export class RpcClient {
  readonly #listener: RpcListener
  readonly #waiting = new Map<number, (answer: RpcAnswer) => void>()
  #lastId = 0
  #hasSpoken = false
  #strangeLines = 0

  constructor(listener: RpcListener) {
    this.#listener = listener
  }

  /** `take` gets the answer when it comes, in its order among the notifications. */
  request(method: string, params: JsonObject, take: (answer: RpcAnswer) => void): void {
    const id = ++this.#lastId
    this.#waiting.set(id, take)
    this.#send({ id, method, params })
  }

  notify(method: string): void {
    this.#send({ method })
  }

  /** Takes a line of the server's. Never throws. */
  receive(line: string): void {
    if (line.trim() === '') return
    const message = parseObject(line)
    const method = stringAt(message, 'method')
    if (!message) this.#takeStranger(line)
    else if (method === undefined) this.#takeAnswer(message, line)
    else if (message.id === undefined) this.#listener.notified(method, objectAt(message, 'params'))
    else this.#takeRequest(message.id, method, objectAt(message, 'params'))
  }

  #takeStranger(line: string): void {
    if (!this.#hasSpoken && ++this.#strangeLines <= mostStrangeLines) return
    this.#listener.broke(`printed what is no message: ${shortLine(line)}`)
  }

  #takeAnswer(message: JsonObject, line: string): void {
    const { id } = message
    const take = typeof id === 'number' ? this.#waiting.get(id) : undefined
    if (typeof id !== 'number' || !take) {
      this.#listener.broke(`answered what it was not asked: ${shortLine(line)}`)
      return
    }
    this.#hasSpoken = true
    this.#waiting.delete(id)
    const error = objectAt(message, 'error')
    take(
      error
        ? { type: 'error', error: { code: codeOf(error), message: stringAt(error, 'message') ?? '' } }
        : { type: 'result', result: objectAt(message, 'result') ?? {} },
    )
  }

  #takeRequest(id: unknown, method: string, params: JsonObject | undefined): void {
    const answer = this.#listener.asked(method, params)
    this.#send(answer.type === 'result' ? { id, result: answer.result } : { id, error: answer.error })
  }

  #send(message: Readonly<Record<string, unknown>>): void {
    this.#listener.send(JSON.stringify(message))
  }
}

function codeOf({ code }: JsonObject): number {
  return typeof code === 'number' ? code : 0
}
