import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { deferred } from '../../domain/deferred.js'
import { present } from '../../domain/present.js'
import type { Assignment, DialogueTurn } from '../adapter/contract.js'
import { objectAt, stringAt, type JsonObject } from '../adapter/json.js'
import { sessionEvents } from '../adapter/line.js'
import type { AcpAgent } from './agent.js'
import type { AcpConnection } from './connection.js'
import { rpcErrorIn } from './rpc-error.js'
import { stopReasonFailure } from './failure.js'
import { answerPermission, canceledPermission } from './permission.js'
import { NotBegun, settingIn, type Session, type Sessions } from './sessions.js'
import { Updates, usageInWords } from './updates.js'

export interface TurnParts {
  readonly agent: AcpAgent
  readonly connection: AcpConnection
  readonly sessions: Sessions
  readonly assignment: Assignment
  readonly hear: (events: readonly AgentEvent[]) => void
  /** The agent does not keep to what it was started with. */
  readonly fail: (why: Failure) => void
}

/** One turn: a session, set as it should be, and one prompt in it. */
export class Turn implements DialogueTurn {
  readonly #taken = deferred<undefined>()
  readonly taken = this.#taken.promise
  readonly over: Promise<void>
  readonly #parts: TurnParts
  readonly #updates: Updates
  #session: Session | undefined
  #isPrompted = false
  #isInterrupted = false
  #isOver = false

  constructor(parts: TurnParts) {
    this.#parts = parts
    this.#updates = new Updates(parts.agent, (events) => this.#hear(events))
    this.over = this.#run()
  }

  /** The protocol cancels whatever runs in the session, so one that is over must not do it: it would hit the next. */
  interrupt(): void {
    this.#isInterrupted = true
    if (this.#isPrompted && !this.#isOver) this.#cancel()
  }

  /** The protocol knows nothing of what a turn has left. */
  clean(): Promise<void> {
    return Promise.resolve()
  }

  /** What was not said by the protocol. */
  tell(events: readonly AgentEvent[]): void {
    this.#updates.tell(events)
  }

  /** A `session/update`. What is told before the prompt is what was said in earlier turns. */
  update(params: JsonObject): void {
    const update = objectAt(params, 'update')
    if (!this.#isCurrent(params) || update === undefined) return
    this.#guard(update)
    this.#updates.take(update)
  }

  permission(params: JsonObject): JsonObject {
    if (!this.#isCurrent(params) || this.#isInterrupted) return canceledPermission.result
    const { assignment } = this.#parts
    const isFull = assignment.type === 'work' && assignment.request.permissions === 'full'
    const { isGiven, result } = answerPermission(params, isFull)
    const call = objectAt(params, 'toolCall') ?? {}
    const asked = stringAt(call, 'title') ?? 'a permission'
    this.tell(
      isGiven
        ? this.#updates.calls.update({ ...call, status: 'pending' })
        : this.#updates.calls.refuse(call, `It asked for more than it was given: ${asked}`),
    )
    return result
  }

  #isCurrent(params: JsonObject): boolean {
    return this.#isPrompted && !this.#isOver && stringAt(params, 'sessionId') === this.#session?.id
  }

  async #run(): Promise<void> {
    const result = await this.#work().catch((error: unknown) => ({ failure: this.#failureOf(error) }))
    this.#updates.endMessage()
    this.#hear([{ type: 'result', ...result }])
    this.#isOver = true
    this.#taken.resolve(undefined)
  }

  async #work(): Promise<Omit<Extract<AgentEvent, { type: 'result' }>, 'type'>> {
    const { agent, connection, sessions, assignment } = this.#parts
    const session = await sessions.for(assignment)
    this.#session = session
    const used = settingIn(session.state, 'model')?.value
    const model = assignment.request.model ?? (used === undefined ? undefined : (agent.modelName?.(used) ?? used))
    this.#hear(sessionEvents(session.id, model))
    if (this.#isInterrupted) return { failure: failure('canceled', `${agent.name}: the turn was canceled.`) }
    this.#isPrompted = true
    const prompt = [{ type: 'text', text: assignment.request.prompt }]
    const answered = connection.request('session/prompt', { sessionId: session.id, prompt })
    this.#taken.resolve(undefined)
    const answer = await answered
    const failed =
      stopReasonFailure(agent.name, stringAt(answer, 'stopReason')) ?? agent.failureInWords?.(this.#updates.lastWords)
    const usage = (agent.usageOf ?? usageInWords)(answer)
    return present({ failure: failed, usage })
  }

  #cancel(): void {
    if (this.#session) this.#parts.connection.notify('session/cancel', { sessionId: this.#session.id })
  }

  /** What restricts the agent must stay as it was set. */
  #guard(update: JsonObject): void {
    const { agent, assignment, fail } = this.#parts
    for (const { name, value, for: what } of agent.settings(assignment)) {
      const mode = name === 'mode' ? stringAt(update, 'currentModeId') : undefined
      const now = mode ?? settingIn(update, name)?.value
      if (what === 'permissions' && now !== undefined && now !== value)
        fail(failure('crash', `${agent.name}: the agent left the ${name} that restricts it.`))
    }
  }

  #failureOf(error: unknown): Failure {
    const { agent } = this.#parts
    if (error instanceof NotBegun) return error.failure
    const said = rpcErrorIn(error)
    if (said) return agent.failureOf(said)
    return failure('crash', `${agent.name}: the agent server gave no answer that can be read.`)
  }

  #hear(events: readonly AgentEvent[]): void {
    if (!this.#isOver) this.#parts.hear(events)
  }
}
