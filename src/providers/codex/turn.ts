import { subtractUsage, tokensOf, type AgentEvent, type Usage } from '../../domain/agent/agent-event.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { deferred } from '../../domain/deferred.js'
import type { DialogueTurn, TurnToServe } from '../adapter/contract.js'
import { numberAt, objectAt, stringAt, type JsonObject } from '../adapter/json.js'
import { sessionEvents, shortLine } from '../adapter/line.js'
import { kindOfTurnError, messageOf, requestFailure, retryEvent, turnErrorFailure } from './failure.js'
import { readServerItem } from './item.js'
import type { RpcAnswer, RpcClient } from './rpc.js'
import { closeThreads } from './close-threads.js'
import { openThread, readConfig, startTurn, type Request } from './thread.js'

export interface TurnParts {
  readonly rpc: RpcClient
  readonly hear: (events: readonly AgentEvent[]) => void
  /** The server doesn't speak its protocol. */
  readonly broke: (how: string) => void
  /** Turns of all threads that go on, by thread. */
  readonly running: Map<string, string>
  /** The server's environment. */
  readonly env: Readonly<Record<string, string>>
}

/** More sub-agents than any agent has use for. */
const mostRunning = 1_000

/** One turn of one thread. */
export class CodexTurn implements DialogueTurn {
  readonly #taken = deferred<undefined>()
  readonly #over = deferred<undefined>()
  readonly taken = this.#taken.promise
  readonly over = this.#over.promise
  readonly #served: TurnToServe
  readonly #parts: TurnParts
  #isOver = false
  #isUnwanted = false
  #thread: string | undefined
  #id: string | undefined
  /** What the thread has used in all. */
  #total: Usage | undefined
  #updates = 0
  #error: JsonObject | undefined

  constructor(served: TurnToServe, parts: TurnParts) {
    this.#served = served
    this.#parts = parts
    const { assignment } = served
    const open = (config?: JsonObject) =>
      this.#request(openThread(served, parts.env), (answer) => this.#takeThread(answer, config))
    if (assignment.type === 'review' || assignment.request.permissions === 'full') open()
    else this.#request(readConfig(assignment), (answer) => open(answer))
  }

  interrupt(): void {
    this.#isUnwanted = true
    const [threadId, turnId] = [this.#thread, this.#id]
    if (this.#isOver || threadId === undefined || turnId === undefined) return
    this.#parts.rpc.request('turn/interrupt', { threadId, turnId }, () => undefined)
  }

  clean(): Promise<void> {
    return closeThreads(this.#parts.rpc, this.#parts.running)
  }

  /** Takes what the server says unasked. */
  notified(method: string, params: JsonObject | undefined): void {
    const threadId = stringAt(params, 'threadId')
    if (threadId === undefined) return
    const turn = objectAt(params, 'turn')
    const turnId = stringAt(params, 'turnId') ?? stringAt(turn, 'id')
    if (threadId === this.#thread) this.#hear(method, turnId, params)
    else if (method === 'turn/completed') this.#meetStranger(threadId)
    this.#follow(method, threadId, turnId)
  }

  tell(events: readonly AgentEvent[]): void {
    if (!this.#isOver && events.length > 0) this.#parts.hear(events)
  }

  /** Asks, and ends the turn if the server refuses. */
  #request({ method, params }: Request, take: (result: JsonObject) => void): void {
    this.#parts.rpc.request(method, params, (answer: RpcAnswer) => {
      if (this.#isOver) return
      if (answer.type === 'result') take(answer.result)
      else this.#finish(requestFailure(answer.error))
    })
  }

  #takeThread(opened: JsonObject, config: JsonObject | undefined): void {
    const { assignment } = this.#served
    const wanted = assignment.type === 'work' ? assignment.conversation : undefined
    const threadId = stringAt(objectAt(opened, 'thread'), 'id')
    if (threadId === undefined || (wanted !== undefined && threadId !== wanted)) {
      this.#parts.broke(`opened another conversation than it was asked for: ${shortLine(threadId ?? 'none')}`)
      return
    }
    this.#thread = threadId
    this.tell(sessionEvents(threadId, stringAt(opened, 'model')))
    if (this.#isUnwanted) this.#finish(interrupted())
    else this.#request(startTurn(assignment, threadId, config), (started) => this.#takeTurn(started))
  }

  #takeTurn(started: JsonObject): void {
    const id = stringAt(objectAt(started, 'turn'), 'id')
    if (id === undefined) this.#parts.broke('began a turn without an id')
    else this.#begin(id)
  }

  #begin(id: string): void {
    if (this.#id !== undefined) return
    this.#id = id
    this.#taken.resolve(undefined)
    if (this.#isUnwanted) this.interrupt()
  }

  /** `turnId` may be an earlier turn's: what that left running is reported when it is ended. */
  #hear(method: string, turnId: string | undefined, params: JsonObject | undefined): void {
    if (method === 'turn/started' && turnId !== undefined) this.#begin(turnId)
    const isOwn = turnId !== undefined && turnId === this.#id
    if (method === 'thread/tokenUsage/updated') this.#count(objectAt(params, 'tokenUsage'), isOwn)
    if (!isOwn) return
    if (method === 'item/started') this.tell(readServerItem(objectAt(params, 'item'), false))
    if (method === 'item/completed') this.tell(readServerItem(objectAt(params, 'item'), true))
    if (method === 'error') this.#hearError(objectAt(params, 'error'), params?.willRetry === true)
    if (method === 'turn/completed') this.#complete(objectAt(params, 'turn'))
  }

  /** A thread that is resumed repeats its total, and so does a turn that fails: only what is more was used. */
  #count(tokens: JsonObject | undefined, isOwn: boolean): void {
    const total = usageOf(objectAt(tokens, 'total'))
    const before = this.#total ?? subtractUsage(total, usageOf(objectAt(tokens, 'last')))
    this.#total = total
    const usage = subtractUsage(total, before)
    const grew = usage.inputTokens >= 0 && usage.outputTokens >= 0 && tokensOf(usage) > 0
    if (isOwn && grew) this.tell([{ type: 'usage', call: `${this.#id ?? ''} ${++this.#updates}`, usage }])
  }

  #hearError(error: JsonObject | undefined, willRetry: boolean): void {
    if (willRetry) this.tell([retryEvent(messageOf(error), kindOfTurnError(error))])
    else this.#error = error
  }

  #complete(turn: JsonObject | undefined): void {
    const status = stringAt(turn, 'status')
    if (status === 'completed') this.#finish()
    else this.#finish(status === 'failed' ? turnErrorFailure(objectAt(turn, 'error') ?? this.#error) : interrupted())
  }

  #finish(failed?: Failure): void {
    const usage = this.#total === undefined ? {} : { usage: this.#total }
    this.tell([{ type: 'result', ...usage, ...(failed === undefined ? {} : { failure: failed }) }])
    this.#isOver = true
    this.#taken.resolve(undefined)
    this.#over.resolve(undefined)
  }

  #follow(method: string, threadId: string, turnId: string | undefined): void {
    const { running } = this.#parts
    if (method === 'turn/completed') running.delete(threadId)
    if (method === 'turn/started' && turnId !== undefined && running.size < mostRunning) running.set(threadId, turnId)
  }

  /** Later it is a sub-agent's. */
  #meetStranger(threadId: string): void {
    if (this.#id !== undefined || this.#isOver || this.#parts.running.has(threadId)) return
    this.#parts.broke(`ended a turn of another conversation: ${shortLine(threadId)}`)
  }
}

function interrupted(): Failure {
  return failure('crash', 'codex: the turn was interrupted')
}

/** `inputTokens` includes the cached ones. */
function usageOf(usage: JsonObject | undefined): Usage {
  return {
    inputTokens: numberAt(usage, 'inputTokens') ?? 0,
    cachedInputTokens: numberAt(usage, 'cachedInputTokens') ?? 0,
    outputTokens: numberAt(usage, 'outputTokens') ?? 0,
  }
}
