import type { TaskId } from '../../domain/brand.js'
import { agentEventShape } from '../../domain/agent/agent-event.js'
import { endReasons, exitStatusShape } from '../../domain/agent/attempt.js'
import { customProviderShape } from '../../domain/agent/custom-provider.js'
import { permissionModes } from '../../domain/agent/permissions.js'
import { spawnedProcessFields } from '../../domain/process/stray.js'
import {
  flag,
  list,
  map,
  mark,
  name,
  names,
  number,
  object,
  oneOf,
  optional,
  text,
  texts,
  union,
  variant,
  type Shape,
  type ValueOf,
} from '../../domain/shape/shape.js'
import type { Assignment } from '../../providers/adapter/contract.js'
import type { AgentExit, TurnEvent, TurnRequest } from '../agent/contract.js'

/**
 * What coordinator and worker tell each other: plain data that could as well pass between machines. Nothing of the run's
 * state crosses but what a turn needs. A worker of another version is refused.
 */
export const protocol = 1

const limitsShape = object({ timeoutMs: number(), idleTimeoutMs: number() })

const requestFields = {
  cwd: name(),
  ownDir: name(),
  prompt: text(),
  model: optional(name()),
  asRoot: flag(),
  budgetUsd: optional(number()),
  limits: optional(limitsShape),
}

const assignmentShape: Shape<Assignment> = union({
  work: variant('', {
    request: object({
      ...requestFields,
      permissions: oneOf(permissionModes),
      allow: texts(),
      background: mark(),
      run: optional(text()),
    }),
    conversation: optional(name()),
  }),
  review: variant('', { request: object({ ...requestFields, schema: text() }) }),
})

const turnRequestShape: Shape<TurnRequest> = object({
  provider: name(),
  assignment: assignmentShape,
  where: object({ number: number(), taskId: optional(name<TaskId>()) }),
  env: map(text()),
  mark: optional(name()),
  isAlone: mark(),
  output: object({ stdout: name(), stderr: name() }),
})

const turnEventShape: Shape<TurnEvent> = union({
  spawned: variant('', { process: object(spawnedProcessFields) }),
  printed: variant('', {}),
  said: variant('', { events: list(agentEventShape) }),
  exited: variant('', { exit: exitStatusShape }),
})

const agentExitShape: Shape<AgentExit> = object({
  exit: exitStatusShape,
  ended: optional(oneOf(endReasons)),
  stderrTail: text(),
  hasPrinted: flag(),
  leftovers: optional(texts()),
})

/** What a worker knows of the run. */
const setupShape = object({
  runDir: name('The directory of the run.'),
  ownDir: name("The worker's own directory."),
  repository: name("The root of the user's tree."),
  barred: names('Directories from which none of its own programs may come: what is there, agents may have written.'),
  oneShot: flag('Each turn starts its CLI anew.'),
  customProviders: map(customProviderShape),
  secrets: texts('Values that are masked in what agents print.'),
  masked: object({
    templates: map(text('Variables whose values have placeholders.')),
    names: texts('Variables that are secret whatever they are called.'),
    numbers: number(),
    ports: list(number()),
  }),
})
export type WorkerSetup = ValueOf<typeof setupShape>

/** `turn` is the number of a turn, by which both know it. */
export const toWorkerShape = union({
  hello: variant('The first one.', { protocol: number(), setup: setupShape }),
  turn: variant('Run a turn.', { turn: number(), request: turnRequestShape }),
  begin: variant('Its agent may start.', { turn: number() }),
  end: variant('End it.', { turn: number(), reason: oneOf(endReasons) }),
  look: variant('What do its processes use?', { turn: number(), question: number(), maxAgeMs: number() }),
})
export type ToWorker = ValueOf<typeof toWorkerShape>

export const fromWorkerShape = union({
  ready: variant('It is ready for turns.', { protocol: number() }),
  beat: variant('It is alive.', { rssBytes: number('Its memory.') }),
  event: variant('Of a turn.', { turn: number(), event: turnEventShape }),
  ended: variant('Nothing is left of a turn.', { turn: number(), end: agentExitShape }),
  looked: variant('The answer to a look.', {
    turn: number(),
    question: number(),
    times: list(object({ pid: number(), ms: number() }), 'Processor time.'),
    ageMs: number(),
    isStopped: flag(),
  }),
})
export type FromWorker = ValueOf<typeof fromWorkerShape>
