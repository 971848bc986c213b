import { failure, type Failure } from '../domain/failure.js'
import { err, ok, type Result } from '../domain/result.js'
import { checkedOutAt } from './checked-out.js'
import type { Repository, Target } from './contract.js'
import { gitFailed } from './merge.js'
import { readRef } from './ref-name.js'
import { changeRefs } from './sessions.js'

/** What came of moving the target. */
export type Move =
  | { readonly type: 'moved' }
  /** Not moved, and `target.tip` is where it stands now: somebody else moved it meanwhile, or git refused for `why`. */
  | { readonly type: 'overtaken'; readonly why: Failure }

/**
 * The only way to the target: compare-and-swap, from the tip that autopilot knows to `commit`, or not at all. A target
 * that is checked out or deleted is a failure of kind `target`.
 */
export async function moveTarget(
  repository: Repository,
  target: Target,
  commit: string,
): Promise<Result<Move, Failure>> {
  const place = await checkedOutAt(repository, target.ref)
  if (place !== undefined) return err(failure('target', checkedOut(target, place)))
  const moved = await changeRefs(repository, [`update ${target.ref} ${commit} ${target.tip}`])
  if (moved.ok) {
    target.tip = commit
    return ok({ type: 'moved' })
  }
  const tip = await readRef(repository, target.ref)
  if (tip === undefined) return err(failure('target', gone(target)))
  target.tip = tip
  return ok({ type: 'overtaken', why: gitFailed(moved.error).error })
}

function checkedOut({ branch }: Target, place: string): string {
  return `The target branch ${branch} was checked out at ${place} during the run; landing there would undo work on the next commit. Switch to another branch and run again.`
}

function gone({ branch, tip }: Target): string {
  return `The target branch ${branch} was deleted during the run. Bring it back: git branch ${branch} ${tip}`
}
