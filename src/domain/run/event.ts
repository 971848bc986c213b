import type { PlannedTask } from '../roadmap/plan.js'
import type { SpawnedProcess } from '../process/stray.js'
import type { AgentEvent, Usage } from '../agent/agent-event.js'
import type { ExitStatus } from '../agent/attempt.js'
import type { RunBudgets } from '../accounts/budget.js'
import type { Baseline, Counted } from '../accounts/counted.js'
import type { EarlyStop } from './early-stop.js'
import type { ExitCode } from './exit-code.js'
import type { Failure } from '../agent/failure.js'
import type { Verdict } from '../landing/gate.js'
import type { HoldReason } from '../roadmap/hold.js'
import type { ProviderModel } from '../agent/provider-model.js'

/** Raised when an event changes its meaning; readers refuse what they do not know. */
export const eventVersion = 1

/** How many wait for a slot, how many slots are in use, how many are free. */
export interface QueueCounts {
  readonly queueLength: number
  readonly busyAgents: number
  readonly availableAgents: number
}

/** The branch that work arrives at. */
export interface TargetFacts {
  readonly branch: string
  /** The commit it stood at. */
  readonly base: string
  /** It is the branch that the user is on, whose files move with it. */
  readonly current?: boolean
  /** There is a tag of that name, which git takes first. */
  readonly isAmbiguous?: boolean
}

/** Which tasks a run was asked for; see `Selection` of the plan. */
export interface Selected {
  readonly only?: readonly string[]
  readonly limit?: number
}

/** One task's n-th try. Its number counts from 1. */
interface OfAttempt {
  readonly taskId: string
  readonly attempt: number
}

/** What an agent does for an attempt: its work, or, where `review` numbers it, a review of that work. */
interface OfAgent extends OfAttempt {
  /** Counts from 1 within the attempt. */
  readonly review?: number
}

/** What an agent used, and how that was counted: the total of its conversation as well as it can be known. */
export interface AgentCount extends Counted {
  /** What was counted of earlier turns of its conversation and is in `usage` now: it no longer counts. */
  readonly replaces?: readonly Counted[]
  /** What the conversation's next total is to be compared with; journals from before have none. */
  readonly after?: Baseline
}

/**
 * Everything that can happen in a run, each member with just its facts, in the past tense. The journal stores these,
 * the fold in `run-state.ts` turns them into the state, and every view reads nothing else.
 */
export type RunEvent =
  | {
      readonly type: 'run_started'
      readonly runId: string
      readonly version: string
      readonly roadmap: string
      /** Absolute; `roadmap` is how the file was named. */
      readonly roadmapPath?: string
      readonly repository: string
      readonly isolation: 'workspace' | 'none'
      /** Absent without isolation. */
      readonly target?: TargetFacts
      readonly permissions: 'edit' | 'full'
      readonly maxAttempts: number
      readonly budgets?: RunBudgets
      readonly slots: readonly string[]
      readonly tasks: readonly PlannedTask[]
      /** What was asked for where it was not the whole roadmap. */
      readonly selection?: Selected
      /** Tasks that the run does again, though they have landed before it. */
      readonly redo?: readonly string[]
    }
  /**
   * A run that had stopped goes on, with the settings and the roadmap of this moment. Its tasks are those of the event:
   * a task that it does not name is not the run's any more.
   */
  | {
      readonly type: 'run_resumed'
      readonly version: string
      readonly target?: TargetFacts
      readonly permissions: 'edit' | 'full'
      readonly maxAttempts: number
      readonly budgets?: RunBudgets
      readonly slots: readonly string[]
      /** What has failed for good, and stays so, is pending here and named in `failed`. */
      readonly tasks: readonly PlannedTask[]
      readonly failed: readonly string[]
      /** Failed tasks of which the attempts are counted anew. */
      readonly retried: readonly string[]
    }
  | {
      readonly type: 'provider_detected'
      readonly provider: string
      readonly usable: boolean
      readonly version?: string
      /** What the run's permissions are called by the CLI itself. */
      readonly permissions?: string
      readonly message?: string
    }
  | { readonly type: 'provider_stopped'; readonly provider: string; readonly failure: Failure }
  /** One model of the provider is out for the run; without a name, the one that the CLI uses by default. */
  | ({ readonly type: 'model_stopped'; readonly failure: Failure } & ProviderModel)
  | {
      readonly type: 'provider_cooled_down'
      readonly provider: string
      readonly until: number
      readonly failure: Failure
    }
  /** All accounts rest that what waits may use, and nothing is at work: until then (epoch ms) nothing can start. */
  | { readonly type: 'run_waiting'; readonly until: number; readonly providers: readonly string[] }
  /** Something that a person should know; said once. */
  | { readonly type: 'notice'; readonly level: 'info' | 'warning'; readonly text: string }
  /** It waits for a slot: for an attempt, or within one for a repair round. */
  | ({ readonly type: 'task_queued' } & OfAttempt)
  /** `holds`: how many others wait for it and are held, too, each by an event of its own. */
  | { readonly type: 'task_held'; readonly taskId: string; readonly reason: HoldReason; readonly holds?: number }
  | ({ readonly type: 'queue_updated' } & QueueCounts)
  | ({
      readonly type: 'attempt_started'
      readonly slot: string
      readonly agent: ProviderModel
      readonly workspace: string
      /** The commit that the attempt starts from. */
      readonly base?: string
      /** The attempt that was cut off and whose conversation or work this one goes on with. */
      readonly goesOnFrom?: number
      /** The digest of what its agent is told; see `task-text.ts`. Older versions left that out. */
      readonly text?: string
    } & OfAttempt)
  /**
   * An attempt that was interrupted with the run goes on: its agent's conversation on a slot, or, without one, its work,
   * which the agent had finished. `workspace` and `base` where they are others than before.
   */
  | ({
      readonly type: 'attempt_resumed'
      readonly slot?: string
      readonly agent: ProviderModel
      readonly workspace?: string
      readonly base?: string
      /** The agent is told the task as it is now, of which this is the digest; absent where it knows the task. */
      readonly text?: string
    } & OfAttempt)
  /**
   * The attempt's conversation goes on, on a slot of its own: its work was kept out for `reason`. `round` counts from 1
   * within the attempt.
   */
  | ({
      readonly type: 'repair_started'
      readonly round: number
      readonly slot: string
      readonly agent: ProviderModel
      readonly reason: Failure
      /** The tip of the target that was merged in: what the round's work is compared with. Absent in place. */
      readonly base?: string
    } & OfAttempt)
  /**
   * The attempt's conversation goes on, on a slot of its own, to finish what its turn left unfinished. `turn` counts
   * such turns from 1 within the attempt.
   */
  | ({
      readonly type: 'finishing_started'
      readonly turn: number
      readonly slot: string
      readonly agent: ProviderModel
      readonly reason: Failure
    } & OfAttempt)
  /** Work that passed the commands waits for a slot of the pool, on which another agent reviews it. */
  | ({ readonly type: 'review_queued'; readonly gate: string } & OfAttempt)
  | ({
      readonly type: 'review_started'
      readonly review: number
      readonly gate: string
      readonly slot: string
      readonly agent: ProviderModel
      readonly tree: string
    } & OfAttempt)
  /** Its process stands ready, in a group of its own with the same number, and gets its go when this is durable. */
  | ({ readonly type: 'agent_spawned' } & SpawnedProcess & OfAgent)
  /** The same for a gate or the `setup:` command. */
  | ({ readonly type: 'command_spawned'; readonly what: 'gate' | 'setup' } & SpawnedProcess)
  | ({ readonly type: 'agent_reported'; readonly event: AgentEvent } & OfAgent)
  /**
   * What an agent at work has used so far, its cost estimated where its CLI tells that at the end only. The last one
   * counts where nothing tells of its end.
   */
  | ({ readonly type: 'agent_used'; readonly provider: string } & AgentCount & OfAgent)
  /** Its process has ended; the slot is free from here on. */
  | ({
      readonly type: 'agent_exited'
      readonly slot: string
      readonly exit: ExitStatus
      readonly durationMs: number
    } & OfAgent)
  /** The agent left these running, background work or processes, and they were ended. Clean, in words of the CLI or as command lines. */
  | ({ readonly type: 'leftovers_ended'; readonly what: readonly string[] } & OfAgent)
  /** All of its output has been read. `text` is its last word, clipped; `failure` says why it did not end well. */
  | ({
      readonly type: 'agent_finished'
      readonly provider?: string
      readonly model?: string
      /** What the calls of the model had told of it on the way. */
      readonly streamed?: Usage
      readonly sessionId?: string
      readonly text: string
      readonly failure?: Failure
    } & AgentCount &
      OfAgent)
  /**
   * Files that the agent's own tools wrote and that git ignores: they do not land. `copies`: the directory in which they
   * are kept, as far as there was room; absent where none is.
   */
  | ({ readonly type: 'ignored_written'; readonly paths: readonly string[]; readonly copies?: string } & OfAttempt)
  | ({
      readonly type: 'candidate_created'
      readonly commit: string
      readonly ref: string
      readonly leftOut: readonly string[]
    } & OfAttempt)
  /**
   * A gate judged a tree that is to land, with this attempt's work on top; or, with `by`, a reviewer that work, with its
   * reasons or why there is no answer.
   */
  | ({
      readonly type: 'gate_judged'
      /** The other tasks whose work is in the tree and has not landed, in order. Absent when there are none. */
      readonly together?: readonly string[]
      readonly gate: string
      readonly tree: string
      readonly verdict: Verdict['type']
      readonly durationMs: number
      /** The verdict was known; nothing ran. */
      readonly remembered: boolean
      readonly by?: { readonly agent: ProviderModel; readonly reasons: readonly string[] }
      /** The gate had failed on this tree before, and ran once more. */
      readonly again?: true
      /** And passed: what it says is partly chance. */
      readonly flaky?: true
      /** It passed in a place that was set up anew. */
      readonly fresh?: true
    } & OfAttempt)
  /**
   * The gates of everybody judged the base, a tip of the target, without any work on top. `gates`: those that failed,
   * twice, or could not be run. `log`: the file with all that one printed.
   */
  | {
      readonly type: 'base_judged'
      readonly commit: string
      readonly tree: string
      readonly verdict: Verdict['type']
      readonly durationMs: number
      readonly gates: readonly {
        readonly gate: string
        readonly message: string
        readonly tail?: string
        readonly log?: string
      }[]
    }
  /** Its work was kept out only by gates that fail on the base, too: it waits, on its ref, until they pass there. */
  | ({ readonly type: 'base_awaited'; readonly gates: readonly string[] } & OfAttempt)
  /** A commit that did not land is kept on a ref. `base` is the commit that its work is to be compared with. */
  | ({
      readonly type: 'commit_kept'
      readonly commit: string
      readonly ref: string
      readonly base?: string
      readonly why: string
    } & OfAttempt)
  /** `counted`: false when it does not count towards the attempts that the task has: an account's trouble ended it. */
  | ({
      readonly type: 'attempt_failed'
      readonly failure: Failure
      readonly willRetry: boolean
      readonly counted?: boolean
    } & OfAttempt)
  | ({ readonly type: 'task_integrated'; readonly commit: string; readonly previous: string } & OfAttempt)
  | ({ readonly type: 'task_done'; readonly how: 'integrated' | 'unchanged' | 'in_place' } & OfAttempt)
  /** `holds` as in `task_held`. */
  | {
      readonly type: 'task_failed'
      readonly taskId: string
      readonly attempts: number
      readonly failure: Failure
      readonly holds?: number
    }
  | { readonly type: 'task_canceled'; readonly taskId: string }
  | { readonly type: 'roadmap_written'; readonly taskId: string }
  /** Said at the end: the task is done, but the file does not say so. `help`: what a person can do. */
  | { readonly type: 'roadmap_not_written'; readonly taskId: string; readonly why: string; readonly help?: string }
  /** `collectsAgain`: nothing is wrong with it, and `resume` collects from it. */
  | {
      readonly type: 'workspace_kept'
      readonly path: string
      readonly why: string
      readonly collectsAgain?: true
    }
  | { readonly type: 'run_canceling'; readonly why: string }
  /** Nothing starts any more; what runs may finish. Said once. */
  | ({ readonly type: 'run_stopping' } & EarlyStop)
  | { readonly type: 'run_finished'; readonly exitCode: ExitCode; readonly why: string }

/** When and in which order: `at` is epoch ms, `ms` monotonic ms since the run began, `seq` counts from 1. */
export interface Stamp {
  readonly v: number
  readonly seq: number
  readonly at: number
  readonly ms: number
}

/** A line of the journal. */
export type RunRecord = RunEvent & Stamp
