import type { CommitId, TaskId, TreeId } from '../domain/brand.js'
import type { AttemptId } from '../domain/attempt/attempt.js'
import type { Failure } from '../domain/agent/failure.js'
import type { Result } from '../domain/result.js'

/** A tree for gates to judge. */
export interface GatedTree {
  readonly commit: CommitId
  readonly tree: TreeId
  /** The commit of the target's that it would land on; of the tip itself, the tip. */
  readonly base?: CommitId
  /** Whose work it is; of several, the last. Absent for the target's tip. */
  readonly attempt?: AttemptId
  /** Everybody whose work is in it and has not landed, in order. */
  readonly taskIds?: readonly TaskId[]
}

/** A clean checkout of one commit, used by one gate. */
export interface Checkout {
  readonly root: string
  /** Something in it is from before its last use, and may be stale. */
  readonly holdsOlder?: true
  /** Gives it back. */
  release(): void
  /** What it keeps from before has misled a gate: it is set up again before it is used again. */
  distrust?(): void
}

/** Makes a checkout of a commit. `fresh`: nothing is in it that an earlier use has left. */
export type CheckOut = (commit: CommitId, how?: { readonly fresh: true }) => Promise<Result<Checkout, Failure>>
