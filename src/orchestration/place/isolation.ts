import type { CommitId, RefName, TreeId } from '../../domain/brand.js'
import type { Attempt } from '../../domain/attempt/attempt.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { Result } from '../../domain/result.js'
import type { Continuation } from '../../domain/run/reconcile.js'
import type { BaseToWatch } from '../landing/base-watch.js'

/** Where an agent works. */
export interface Place {
  /** Absolute path. */
  readonly cwd: string
  /** The commit that the work starts from; absent in place. */
  readonly base?: CommitId
}

/** An agent's commit that isn't on the target, and the ref that holds it. */
export interface Kept {
  readonly ref: RefName
  readonly commit: CommitId
  readonly why: string
}

/** What the agents' own tools wrote, and where to copy what git ignores of it. */
export interface Written {
  /** As their CLIs named them: absolute, or relative to the place. */
  readonly paths: readonly string[]
  readonly keepIn: string
}

/** Those that git ignores; `copies` as in the event. */
export interface Ignored {
  readonly paths: readonly string[]
  readonly copies?: string
}

/** What was found after the agent had ended. */
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
      /** Changed paths that don't count: the roadmap. */
      readonly leftOut: readonly string[]
      /** Changed paths that don't land because they would configure autopilot or an agent CLI. */
      readonly offLimits: readonly string[]
      /** Changed paths that were read at the start of the run: the configuration. */
      readonly watched: readonly string[]
      /** New files that the agent hid from git with its own rules. */
      readonly hidden?: readonly string[]
      readonly ignored?: Ignored
      readonly kept: readonly Kept[]
    })
  /** It couldn't be collected; `workspace` says where it still is, if anywhere. */
  | { readonly type: 'stuck'; readonly failure: Failure; readonly workspace?: string }
  /** In place, nothing is collected and nothing is known about changes. */
  | { readonly type: 'in_place' }

/** Collected work, as a commit. */
export interface Harvested {
  readonly commit: CommitId
  readonly tree: TreeId
  readonly parents: readonly CommitId[]
  readonly ref: RefName
  /** The commit that its tree is a change of. */
  readonly base: CommitId
}

/** Work to continue; what is known about its commit need not be read. */
export type WorkSoFar = Pick<Harvested, 'commit' | 'base'> & Partial<Pick<Harvested, 'tree' | 'parents'>>

/** What a repair round starts with: the work merged with the target's tip, in the place. */
export interface Continued {
  /** The tip that was merged in. */
  readonly base: CommitId
  /** The paths that git couldn't combine, cleaned; the files have markers. */
  readonly conflicts: readonly string[]
  /** The file in the place that describes conflicts without markers; the agent deletes it once they are decided. */
  readonly note?: string
  /** The tree of both. */
  readonly tree: TreeId
}

/** A clean checkout of a candidate's tree to look at; nothing done there is kept. */
export interface Shown {
  /** Absolute path; HEAD is the candidate. */
  readonly root: string
  /** The candidate as a change of its base, at most this many characters; empty if git can't tell. */
  readonly diff: (maxChars: number) => Promise<string>
  release(): void
}

/** The directory is gone with everything in it, or the disk is full. */
export interface PlaceTrouble {
  readonly type: 'gone' | 'full'
  readonly failure: Failure
}

/**
 * A place in use: by one agent, then by one more for each repair round. Turns happen in one half of it; the other half
 * belongs to the coordinator, wherever turns happen.
 */
export interface OpenPlace extends TurnPlace, CandidateDesk {}

/**
 * Where turns happen; the agent runner runs them. It is opened at a base, collected onto a named ref after each turn,
 * brought up to date for a repair round, and closed. Requests are plain data that name commits, never a state of the
 * run, so that another process or machine can implement it.
 */
export interface TurnPlace {
  readonly place: Place
  /** A problem of the place that no agent is to blame for. */
  trouble(): Promise<PlaceTrouble | undefined>
  /** What the agent's git has left unfinished, in words, once the agent is gone. */
  underWay(): Promise<string | undefined>
  /** Collects what the agent left; once after each agent. */
  harvest(written?: Written): Promise<Harvest>
  /** Merges work with the target's tip: for a repair round, or for an attempt that continues another's work. */
  bringUpToDate(work: WorkSoFar): Promise<Result<Continued, Failure>>
  /** Merged work, as a change of the tip, at most this many characters; empty if git can't tell. */
  diff(together: Pick<Continued, 'base' | 'tree'>, maxChars: number): Promise<string>
  /** Gives the place back; a second call does nothing. */
  readonly close: () => void
}

/** What happens to collected work: it needs the candidate's commit, but not an agent's place. */
export interface CandidateDesk {
  /**
   * Judges a candidate's own tree, before it is merged with what else has landed. Once `unwanted` is aborted, nobody
   * wants it to land any more: what is done for it alone ends.
   */
  judge(candidate: Harvested, unwanted?: AbortSignal): Promise<Result<void, Failure>>
  /** Checks out a candidate for a reviewer. */
  show(candidate: Harvested): Promise<Result<Shown, Failure>>
  /**
   * Lands a candidate, unless `unwanted` comes first. A conflict, or leftover markers of one, is a failure of kind
   * `conflict`.
   */
  land(
    candidate: Harvested,
    unwanted?: AbortSignal,
  ): Promise<Result<{ readonly commit: CommitId; readonly previous: CommitId }, Failure>>
}

/** Runs the reviews of a candidate. Ok if all approved, or there are none. */
export type ReviewWork = (attempt: Attempt, place: OpenPlace, candidate: Harvested) => Promise<Result<void, Failure>>

/** The place of an attempt that was interrupted with its run. */
export interface InterruptedPlace extends Pick<Continuation, 'course' | 'stands' | 'candidate'> {
  /** How often the run was resumed: names for what is kept must differ from those of earlier parts of the run. */
  readonly resumes: number
}

export interface OpenedPlace {
  readonly place: OpenPlace
  /** It is the workspace of an interrupted attempt, with what its agent left. */
  readonly stands: boolean
  /** The work that had been collected there. */
  readonly candidate?: Harvested
}

/**
 * How agents are kept apart. There are two ways: a workspace each (`workspaced.ts`), or all in place (`in-place.ts`).
 * It leaves out retries, the roadmap and events.
 */
export interface Isolation {
  readonly kind: 'workspace' | 'none'
  /** How many attempts may still need a place, so that places can be prepared in advance. */
  expect(attempts: number): void
  /**
   * Opens a place for an attempt. A new attempt holds a slot; an interrupted one gets its own workspace, if that still
   * exists, or another at the target's tip.
   */
  open(attempt: Attempt, interrupted?: InterruptedPlace): Promise<Result<OpenedPlace, Failure>>
  /** The commit that work is based on, and what judges it; absent if there are no `gates:`. */
  readonly base?: Pick<BaseToWatch, 'tip' | 'judge'>
  /** Removes what nobody needs any more. */
  close(): Promise<void>
}
