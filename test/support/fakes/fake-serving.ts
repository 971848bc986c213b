import type { AgentEvent } from '../../../src/domain/agent/agent-event.js'
import { failure, failureKinds } from '../../../src/domain/agent/failure.js'
import { parseObject, stringAt } from '../../../src/providers/adapter/json.js'
import type { Assignment, Provider, ServerCommand, Serving, Wire } from '../../../src/providers/adapter/contract.js'
import { defer, type Deferred } from './agent-connection.js'

export interface FakeServingOptions {
  /** The server must say `opened`, `taken` and `cleaned`; otherwise nobody waits for that. */
  readonly answers?: boolean
  /** Arguments by which servers differ. */
  readonly argsOf?: (assignment: Assignment, env: Readonly<Record<string, string>>) => readonly string[]
  readonly canReview?: boolean
  /** Without it, it has no long-lived mode after all. */
  readonly serves?: boolean
  /** It serves one attempt only, and is started with this for a conversation. */
  readonly resumesWith?: string
}

/** What the client tells a fake server: one JSON object a line. */
export interface FakeOrder {
  readonly order: 'open' | 'turn' | 'interrupt' | 'clean'
  readonly assignment?: Assignment
  readonly variables?: Readonly<Record<string, string>>
  /** With `open`: the server's environment, as its client knows it. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * A provider as a server: what it prints during a turn is read like the lines of a process, up to `{"server":"over"}`.
 * `{"server":"broken","kind":…}` is a breach of the protocol, as the dialogues of real providers find it.
 */
export function withFakeServing(provider: Provider, options: FakeServingOptions = {}): Provider {
  const { answers = false, argsOf = () => [], canReview = true, serves = true, resumesWith } = options
  const { program } = provider
  const file = program?.file ?? provider.name
  const serve: Serving = {
    command(assignment, _, env): ServerCommand | undefined {
      if (!serves || (assignment.type === 'review' && !canReview)) return undefined
      const command = { file, args: ['serve', ...argsOf(assignment, env)], env: {} }
      if (resumesWith === undefined) return command
      const conversation = assignment.type === 'work' ? assignment.conversation : undefined
      return { ...command, argsAtStart: conversation ? [resumesWith, conversation] : [], isOfOneAttempt: true }
    },
    dialogue: (wire) => fakeDialogue(provider, wire, answers),
  }
  return { ...provider, serve }
}

function fakeDialogue(provider: Provider, wire: Wire, answers: boolean) {
  const waits = new Map<string, Deferred<undefined>>()
  let hear: (events: readonly AgentEvent[]) => void = () => undefined
  const tell = (order: FakeOrder) => wire.send(JSON.stringify(order))
  const answer = (name: string) => {
    const waiting = defer<undefined>()
    waits.set(name, waiting)
    if (!answers && name !== 'over') waiting.resolve(undefined)
    return waiting.promise
  }
  return {
    receive(line: string): void {
      const told = parseObject(line)
      const what = stringAt(told, 'server')
      if (what === 'broken') {
        const kind = failureKinds.find((one) => one === stringAt(told, 'kind')) ?? 'crash'
        wire.fail(failure(kind, 'The fake server broke its protocol.'))
      } else if (what === undefined) hear(provider.readLine(line))
      else waits.get(what)?.resolve(undefined)
    },
    open() {
      if (answers) tell({ order: 'open', env: wire.env })
      return answer('opened')
    },
    turn(
      { assignment, variables }: Parameters<ReturnType<Serving['dialogue']>['turn']>[0],
      listener: (events: readonly AgentEvent[]) => void,
    ) {
      hear = listener
      tell({ order: 'turn', assignment, variables })
      return {
        taken: answer('taken'),
        over: answer('over')
          .then(() => (hear = () => undefined))
          .then(() => undefined),
        interrupt: () => tell({ order: 'interrupt' }),
        clean() {
          if (answers) tell({ order: 'clean' })
          return answer('cleaned')
        },
      }
    },
  }
}
