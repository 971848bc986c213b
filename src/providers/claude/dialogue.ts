import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { deferred } from '../../domain/deferred.js'
import type { Assignment, Dialogue, DialogueTurn, TurnToServe, Wire } from '../adapter/contract.js'
import { objectAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'
import { deniedEvent } from '../adapter/line.js'
import { deniedCall, readClaudeLine } from './read-line.js'

/**
 * `claude -p --input-format stream-json`: a message of the user's is a turn, which ends with its `result`. Requests
 * besides are answered by `control_response`. Source: recorded with 2.1.332.
 */
export function claudeDialogue(wire: Wire): Dialogue {
  return new ClaudeDialogue(wire)
}

const nobody = 'nobody is there to permit it'

type Hear = (events: readonly AgentEvent[]) => void

class ClaudeDialogue implements Dialogue {
  readonly #wire: Wire
  #turn: ClaudeTurn | undefined
  #conversation: string | undefined
  readonly #answers = new Map<string, () => void>()
  #requests = 0

  constructor(wire: Wire) {
    this.#wire = wire
  }

  /** It says nothing before the first prompt. */
  open(): Promise<void> {
    return Promise.resolve()
  }

  receive(line: string): void {
    const message = parseObject(line)
    if (message?.type === 'control_response') this.#answered(stringAt(objectAt(message, 'response'), 'request_id'))
    else if (message?.type === 'control_request') this.#refuse(message)
    else this.#hear(readClaudeLine(line))
  }

  /** Its one conversation, and no other. */
  fits(assignment: Assignment): boolean {
    return assignment.type === 'work' && assignment.conversation === this.#conversation
  }

  turn({ assignment: { request } }: TurnToServe, hear: Hear): DialogueTurn {
    const turn = new ClaudeTurn(hear, (wanted) => this.#ask(wanted))
    this.#turn = turn
    const content = [{ type: 'text', text: request.prompt }]
    this.#wire.send(JSON.stringify({ type: 'user', message: { role: 'user', content } }))
    return turn
  }

  #hear(events: readonly AgentEvent[]): void {
    for (const event of events) if (event.type === 'session') this.#conversation = event.sessionId
    this.#turn?.heard(events)
  }

  /** It would wait for an answer for ever, and nobody is there to give another one. */
  #refuse({ request_id: id, ...message }: JsonObject): void {
    const request = objectAt(message, 'request')
    const asked = stringAt(request, 'subtype') ?? 'nothing'
    const answer =
      asked === 'can_use_tool'
        ? { subtype: 'success', request_id: id, response: { behavior: 'deny', message: nobody } }
        : { subtype: 'error', request_id: id, error: `autopilot does not answer ${asked}` }
    this.#wire.send(JSON.stringify({ type: 'control_response', response: answer }))
    if (asked === 'can_use_tool' && request) this.#hear([deniedEvent(deniedCall(request), nobody)])
  }

  #ask(request: Readonly<Record<string, string>>): Promise<void> {
    const id = `autopilot-${++this.#requests}`
    this.#wire.send(JSON.stringify({ type: 'control_request', request_id: id, request }))
    return new Promise((resolve) => this.#answers.set(id, resolve))
  }

  #answered(id = ''): void {
    this.#answers.get(id)?.()
    this.#answers.delete(id)
  }
}

class ClaudeTurn implements DialogueTurn {
  readonly #taken = deferred<undefined>()
  readonly #over = deferred<undefined>()
  readonly taken = this.#taken.promise
  readonly over = this.#over.promise
  readonly #hear: Hear
  readonly #ask: (request: Readonly<Record<string, string>>) => Promise<void>
  /** Background work that still runs, by its ids. */
  #tasks: readonly string[] = []
  #isOver = false

  constructor(hear: Hear, ask: (request: Readonly<Record<string, string>>) => Promise<void>) {
    this.#hear = hear
    this.#ask = ask
  }

  heard(events: readonly AgentEvent[]): void {
    if (this.#isOver) return
    this.#taken.resolve(undefined)
    this.#hear(events)
    for (const event of events) this.#note(event)
  }

  /** A turn that is over has nothing to end: it would hit the next. */
  interrupt(): void {
    if (!this.#isOver) void this.#ask({ subtype: 'interrupt' })
  }

  async clean(): Promise<void> {
    await Promise.all(this.#tasks.map((id) => this.#ask({ subtype: 'stop_task', task_id: id })))
  }

  #note(event: AgentEvent): void {
    if (event.type === 'background' && event.change.type === 'listed')
      this.#tasks = event.change.tasks.map(({ id }) => id)
    // A conversation whose background work was stopped begins with a success of no turns, and then does what it was asked.
    if (event.type !== 'result' || (event.failure === undefined && event.turns === 0)) return
    this.#isOver = true
    this.#over.resolve(undefined)
  }
}
