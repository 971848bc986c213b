import type { CommitId } from '../brand.js'
import { mark, moment, name, object, oneOf, optional, own, text, texts, titled, type ValueOf } from '../shape/shape.js'

/** What a kind of failure means, for whoever decides something by it. */
export interface Consequences {
  /** For the task: another attempt, as long as there are any; one that does not count; none in this run. */
  readonly next: 'retry' | 'move_on' | 'give_up'
  /** It is the account's trouble, says nothing about the task, and passes with a cool-down of this sort. */
  readonly coolDown?: 'moment' | 'allowance' | 'login' | 'missing'
  /** Another run may find it over. */
  readonly returns?: true
  /** The attempt was broken off with the run, the money or for the target's sake: it goes on where it was. */
  readonly interrupts?: true
  /** The agent was in the middle of its work, and only its time or its number of turns was up: the next attempt inherits it. */
  readonly cutsOff?: true
  /** The work may go back to its agent in a repair round. */
  readonly repairable?: true
  /** The flags or the model that were asked for are wrong, each time. */
  readonly ofSetting?: true
  /** The place may be to blame: somebody has cleared it. */
  readonly ofPlace?: true
  /** An agent whose disk is full may fail so: it cannot tell. */
  readonly mayWantRoom?: true
  /** Nothing is known to have run. */
  readonly neverRan?: true
  /** Before any answer, it means that the CLI broke down as it started: nothing that a task can do. */
  readonly breaksStart?: true
  /** A process that lives on may keep failing so where a new one would not: its login, connection or program is old. */
  readonly mayBeStale?: true
}

/** Why an attempt did not succeed: the kind decides what happens next, the sentence is for people. */
const consequences = {
  /** The login or key is missing or refused. */
  auth: { next: 'move_on', coolDown: 'login', mayBeStale: true },
  /** Too many requests for the moment. */
  rate_limit: { next: 'move_on', coolDown: 'moment' },
  /** The account's allowance is used up until some time. */
  usage_limit: { next: 'move_on', coolDown: 'allowance', returns: true },
  /** The model server is overloaded or broken. */
  overloaded: { next: 'move_on', coolDown: 'moment' },
  /** The model server cannot be reached. */
  network: { next: 'move_on', coolDown: 'moment', breaksStart: true, mayBeStale: true },
  /** The CLI's own request to the model server timed out, or the attempt passed its time limit. */
  timeout: { next: 'retry', cutsOff: true, mayWantRoom: true, mayBeStale: true },
  /** The attempt gave no sign of life for too long. */
  idle_timeout: { next: 'retry', cutsOff: true, mayWantRoom: true },
  /** The model does not exist or may not be used. */
  model: { next: 'retry', ofSetting: true },
  /** The conversation no longer fits the model. */
  context: { next: 'retry' },
  /** The CLI does not know the conversation that was to go on. */
  session_lost: { next: 'retry' },
  /** It has spent what it, its task, its provider or the run may spend. */
  budget: { next: 'move_on', returns: true, interrupts: true },
  /** The CLI stopped at a limit of turns of its own. */
  turn_limit: { next: 'retry', cutsOff: true },
  /** The turn ended, its work did not: background work was cut off, or the agent waits for something. */
  unfinished: { next: 'retry' },
  /** The CLI refused to start with these flags. */
  usage: { next: 'retry', ofSetting: true },
  /** The agent ended well but the tree is as it was. */
  no_change: { next: 'retry', mayWantRoom: true },
  /** The process ended without a final event, or a command ended with a status other than 0. */
  crash: { next: 'retry', breaksStart: true, mayWantRoom: true, mayBeStale: true },
  /** The CLI is missing or could not be started. */
  spawn: { next: 'move_on', coolDown: 'missing', neverRan: true },
  /** A tool was refused to the agent, which counts as a failure in this run (`on_denied: fail`). */
  refused: { next: 'retry', repairable: true },
  /** A gate said no to the tree that was to land. */
  gate_failed: { next: 'retry', repairable: true },
  /** Gates said no that fail on the base, too: the work waits until they pass there. */
  base_red: { next: 'give_up', repairable: true, interrupts: true },
  /** The target branch may not be moved any more: somebody checked it out or deleted it during the run. */
  target: { next: 'give_up', interrupts: true },
  /** git could not combine the candidate with the target. */
  conflict: { next: 'retry', repairable: true },
  /** The tree holds something that cannot be collected, such as a nested repository. */
  collect: { next: 'retry', ofPlace: true },
  /** A step of autopilot's own (preparing, git, setup) failed; not the agent's fault. */
  infrastructure: { next: 'retry', ofPlace: true, neverRan: true },
  /** The run or the attempt was canceled. */
  canceled: { next: 'give_up', interrupts: true, neverRan: true },
} as const satisfies Readonly<Record<string, Consequences>>

export type FailureKind = keyof typeof consequences

/** All kinds. */
export const failureKinds = Object.keys(consequences) as readonly FailureKind[]

/** What a kind of failure means. */
export function consequencesOf(kind: FailureKind): Consequences {
  return consequences[kind]
}

/** A plain value that survives being written to the journal. */
export const failureShape = titled(
  'failure',
  object({
    kind: oneOf(failureKinds, 'What decides what happens next.'),
    message: text('What happened and what to do next, one or two sentences.'),
    paths: optional(texts('Conflicting or uncollectable paths.')),
    detail: optional(text('More, several lines: the end of what a gate, setup or an agent printed.')),
    log: optional(name('The file with all of what was printed.')),
    gates: own(optional(texts('For failed gates: their keys.'))),
    on: own(optional(name<CommitId>('The commit that the work was based on when gates judged it.'))),
    retryAt: optional(moment('When the account is usable again, epoch ms, if the CLI reported it.')),
    inSetup: own(
      mark('For `infrastructure`: setup, copying or linking failed in the workspace; its tree may be to blame.'),
    ),
    uncollected: mark(
      'For `infrastructure`: the agent had ended, and its work is complete, in its workspace or on its ref. The next run collects and lands it without another agent.',
    ),
    ownGit: own(
      mark(
        "For `infrastructure`: autopilot's own git failed, for example because it was killed; another try may succeed.",
      ),
    ),
    spared: mark(
      'For `infrastructure`: the disk was full, the directory gone, or nobody saw how the agent ended; this uses up no attempt, unless it keeps happening.',
    ),
    loggedOut: mark('For `auth`: there is no login at all; otherwise the login was refused.'),
  }),
)
export type Failure = ValueOf<typeof failureShape>

export function failure(kind: FailureKind, message: string, more: Omit<Failure, 'kind' | 'message'> = {}): Failure {
  return { kind, message, ...more }
}

/** Whether the kind of failure is the account's trouble and says nothing about the task: no attempt is used up. */
export function isAccountTrouble(kind: FailureKind): boolean {
  return consequencesOf(kind).coolDown !== undefined
}
