import type { Attempt } from '../../domain/attempt/attempt.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { Result } from '../../domain/result.js'
import type { GoingOn } from '../../domain/run/reconcile.js'
import type { BaseToWatch } from '../landing/base-watch.js'

/** Where an agent works. */
export interface Place {
  /** Absolute path. */
  readonly cwd: string
  /** The commit that the work starts from; absent in place. */
  readonly base?: string
}

/** A commit of an agent's that is not on the target, and the ref that holds it. */
export interface Kept {
  readonly ref: string
  readonly commit: string
  readonly why: string
}

/** What the agents' own tools wrote, and where what git ignores of it is to be kept. */
export interface Written {
  /** As their CLIs named them: absolute, or relative to the place. */
  readonly paths: readonly string[]
  readonly keepIn: string
}

/** Files among them that git ignores; `copies` as of the event. */
export interface Ignored {
  readonly paths: readonly string[]
  readonly copies?: string
}

/** What was found when the agent had ended. */
export type Harvest =
  | {
      readonly type: 'unchanged'
      readonly offLimits: readonly string[]
      readonly kept: readonly Kept[]
      readonly hidden?: readonly string[]
      readonly ignored?: Ignored
      /** All new files and directories that git ignores, whoever wrote them. */
      readonly newIgnored?: readonly string[]
    }
  | (Harvested & {
      readonly type: 'candidate'
      /** Changed paths that do not count: the roadmap. */
      readonly leftOut: readonly string[]
      /** Changed paths that were left out since they would configure autopilot or an agent CLI. */
      readonly offLimits: readonly string[]
      /** Changed paths that were read at the start of the run: the configuration. */
      readonly watched: readonly string[]
      /** New files that the agent hid from git by rules of its own. */
      readonly hidden?: readonly string[]
      readonly ignored?: Ignored
      readonly kept: readonly Kept[]
    })
  /** It could not be collected; `workspace` says where it still is, if it is anywhere. */
  | { readonly type: 'stuck'; readonly failure: Failure; readonly workspace?: string }
  /** In place, nothing is collected and nothing can be said about a change. */
  | { readonly type: 'in_place' }

/** Work that was collected, as a commit. */
export interface Harvested {
  readonly commit: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly ref: string
  /** The commit that its tree is a change of. */
  readonly base: string
}

/** Work that goes on; what is known of its commit need not be read. */
export type WorkSoFar = Pick<Harvested, 'commit' | 'base'> & Partial<Pick<Harvested, 'tree' | 'parents'>>

/** What a repair round begins with: the work and the target's tip together, in the place. */
export interface Continued {
  /** The tip that was merged in. */
  readonly base: string
  /** The paths that git could not combine, clean; they are there with markers. */
  readonly conflicts: readonly string[]
  /** The file in the place that tells of those without markers; it is to be deleted when that is decided. */
  readonly note?: string
  /** The tree of both. */
  readonly tree: string
}

/** A clean checkout of a candidate's tree, for whoever looks at it; nothing that is done there is kept. */
export interface Shown {
  /** Absolute path; HEAD is the candidate. */
  readonly root: string
  /** The candidate as a change of its base, at most so many characters; empty when git cannot tell. */
  readonly diff: (mostChars: number) => Promise<string>
  release(): void
}

/** The directory is gone, with all in it, or there is no room. */
export interface PlaceTrouble {
  readonly type: 'gone' | 'full'
  readonly failure: Failure
}

/**
 * A place in use: by one agent, then for each repair round by one more. Turns happen in one half of it; the other half
 * is the coordinator's, wherever they happen.
 */
export interface OpenPlace extends TurnPlace, CandidateDesk {}

/**
 * Where turns happen, beside the agent runner that runs them: open at a base, collected onto a named ref after each turn,
 * brought up to date for a repair round, closed. What it is asked is plain data and names commits, never a state of the
 * run, so that another process or machine can stand for it.
 */
export interface TurnPlace {
  readonly place: Place
  /** What has befallen the place that no agent is to blame for. */
  trouble(): Promise<PlaceTrouble | undefined>
  /** What the agent's git has begun and not ended, in words, once the agent is gone. */
  underWay(): Promise<string | undefined>
  /** Collects what the agent left; once after each agent. */
  harvest(written?: Written): Promise<Harvest>
  /** Brings work and the target's tip together: for a repair round, or for an attempt that goes on with another's work. */
  goOn(work: WorkSoFar): Promise<Result<Continued, Failure>>
  /** Work that was brought together, as a change of the tip, at most so many characters; empty when git cannot tell. */
  diff(together: Pick<Continued, 'base' | 'tree'>, mostChars: number): Promise<string>
  /** Gives the place back; a second time does nothing. */
  readonly close: () => void
}

/** What is done with what was collected: it needs the candidate's commit, and no place of an agent. */
export interface CandidateDesk {
  /** Judges a candidate's own tree, before what else has landed meanwhile is merged in. */
  judge(candidate: Harvested): Promise<Result<void, Failure>>
  /** Checks out a candidate for a reviewer. */
  show(candidate: Harvested): Promise<Result<Shown, Failure>>
  /** Lands a candidate. A conflict, or markers of one that are left in it, is a failure of kind `conflict`. */
  land(candidate: Harvested): Promise<Result<{ readonly commit: string; readonly previous: string }, Failure>>
}

/** Has the reviews of a run judge a candidate. Ok when all approved, or there are none. */
export type ReviewWork = (attempt: Attempt, place: OpenPlace, candidate: Harvested) => Promise<Result<void, Failure>>

/** The place of an attempt that was interrupted with its run. */
export interface PlaceBefore extends Pick<GoingOn, 'course' | 'stands' | 'candidate'> {
  /** How often the run was resumed: what is kept gets names that no earlier part of the run can have given. */
  readonly resumes: number
}

export interface OpenedPlace {
  readonly place: OpenPlace
  /** It is the workspace of an interrupted attempt, with what its agent left in it. */
  readonly stands: boolean
  /** The work that had been collected there. */
  readonly candidate?: Harvested
}

/**
 * How agents are kept apart. Two real ways: a workspace each (`workspaced.ts`), or all in place (`in-place.ts`).
 * What it leaves out: retries, the roadmap and events.
 */
export interface Isolation {
  readonly kind: 'workspace' | 'none'
  /** How many attempts may still need a place, so that places can be prepared ahead. */
  expect(attempts: number): void
  /**
   * Opens a place for an attempt. One that begins holds a slot; one that was interrupted gets its own workspace, where that
   * stands, or another at the target's tip.
   */
  open(attempt: Attempt, before?: PlaceBefore): Promise<Result<OpenedPlace, Failure>>
  /** The commit that work stands on, and what judges it; absent where there are no gates for everybody. */
  readonly base?: Pick<BaseToWatch, 'tip' | 'judge'>
  /** Removes what is not needed any more. */
  close(): Promise<void>
}
