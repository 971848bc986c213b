/** Why an attempt did not succeed. A closed list: the kind decides what happens next, the sentence is for people. */
export const failureKinds = [
  /** The login or key is missing or refused. */
  'auth',
  /** Too many requests for the moment. */
  'rate_limit',
  /** The account's allowance is used up until some time. */
  'usage_limit',
  /** The model server is overloaded or broken. */
  'overloaded',
  /** The model server cannot be reached. */
  'network',
  /** The CLI's own request to the model server timed out, or the attempt passed its time limit. */
  'timeout',
  /** The attempt gave no sign of life for too long. */
  'idle_timeout',
  /** The model does not exist or may not be used. */
  'model',
  /** The conversation no longer fits the model. */
  'context',
  /** The CLI does not know the conversation that was to go on. */
  'session_lost',
  /** It has spent what it, its task, its provider or the run may spend. */
  'budget',
  /** The CLI stopped at a limit of turns of its own. */
  'turn_limit',
  /** The turn ended, its work did not: background work was cut off, or the agent waits for something. */
  'unfinished',
  /** The CLI refused to start with these flags. */
  'usage',
  /** The agent ended well but the tree is as it was. */
  'no_change',
  /** The process ended without a final event, or a command ended with a status other than 0. */
  'crash',
  /** The CLI is missing or could not be started. */
  'spawn',
  /** A tool was refused to the agent, which counts as a failure in this run (`on_denied: fail`). */
  'refused',
  /** A gate said no to the tree that was to land. */
  'gate_failed',
  /** Gates said no that fail on the base, too: the work waits until they pass there. */
  'base_red',
  /** The target branch may not be moved any more: somebody checked it out or deleted it during the run. */
  'target',
  /** git could not combine the candidate with the target. */
  'conflict',
  /** The tree holds something that cannot be collected, such as a nested repository. */
  'collect',
  /** A step of autopilot's own (preparing, git, setup) failed; not the agent's fault. */
  'infrastructure',
  /** The run or the attempt was canceled. */
  'canceled',
] as const

export type FailureKind = (typeof failureKinds)[number]

/** A plain value that survives being written to the journal. */
export interface Failure {
  readonly kind: FailureKind
  /** What happened and what to do next, one or two sentences. Outside text in it is already clean. */
  readonly message: string
  /** Conflicting or uncollectable paths. */
  readonly paths?: readonly string[]
  /** More for the next attempt's prompt, several lines: the end of what a failing gate printed. */
  readonly detail?: string
  /** Of a gate's no: the keys of the gates that failed, and the commit that the work stood on when it was judged. */
  readonly gates?: readonly string[]
  readonly on?: string
  /** When the account may be used again, epoch ms, where the CLI said so. */
  readonly retryAt?: number
  /** Of `infrastructure`: setup, or what is copied or linked into a workspace, failed there; its tree may be to blame. */
  readonly inSetup?: true
  /**
   * Of `infrastructure`: the agent had ended, and its work is whole, in its workspace or on its ref: the next run collects and
   * lands it without another agent.
   */
  readonly uncollected?: true
  /** Of `infrastructure`: a git of autopilot's own failed, such as one that was killed; asked again, it may do. */
  readonly ownGit?: true
  /** Of `infrastructure`: the disk was full, or the directory gone; it uses up no attempt, so long as it is not the rule. */
  readonly spared?: true
  /** Of `auth`: there is no login at all, rather than one that was refused. */
  readonly loggedOut?: true
}

export function failure(kind: FailureKind, message: string, more: Omit<Failure, 'kind' | 'message'> = {}): Failure {
  return { kind, message, ...more }
}

/** Whether the kind of failure is the account's trouble and says nothing about the task: no attempt is used up. */
export function isAccountTrouble(kind: FailureKind): boolean {
  return isLimit(kind) || kind === 'auth' || kind === 'spawn'
}

/** Whether the account's trouble passes. */
export function isLimit(kind: FailureKind): boolean {
  return kind === 'rate_limit' || kind === 'overloaded' || kind === 'network' || kind === 'usage_limit'
}
