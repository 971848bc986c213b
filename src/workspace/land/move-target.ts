import type { CommitId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { checkedOutAt, standsOn } from '../repository/checked-out.js'
import type { TargetMove, Repository, Target } from '../contract.js'
import { moveCurrent } from './move-current.js'
import { overtaken } from './overtaken.js'
import { readRef } from '../refs/ref-name.js'
import { changeRefs } from '../git/sessions.js'

/**
 * The only way to the target: compare-and-swap, from the tip that autopilot knows to `commit`, or not at all. A target
 * that is checked out or deleted is a failure of kind `target`. If the user chose to be on it, it moves with their
 * index and files, or not at all if that would overwrite something; that is such a failure, too.
 */
export async function moveTarget(
  repository: Repository,
  target: Target,
  commit: CommitId,
): Promise<Result<TargetMove, Failure>> {
  if (target.current && (await standsOn(repository.gitDir, target.ref))) {
    const elsewhere = await checkedOutAt(repository, target.ref, repository.gitDir)
    if (elsewhere !== undefined) return err(failure('target', checkedOut(target, elsewhere)))
    const moved = await moveCurrent(repository, target, target.current, commit)
    if (!moved.ok) return moved
    const { value } = moved
    if (value.type !== 'left') return ok(value)
  }
  // Also for a branch that its person has left: from then on it is one like any other.
  const place = await checkedOutAt(repository, target.ref)
  if (place !== undefined) return err(failure('target', checkedOut(target, place)))
  const moved = await changeRefs(repository, [`update ${target.ref} ${commit} ${target.tip}`])
  // Whatever git said: only autopilot knows this commit.
  if (moved.ok || (await readRef(repository, target.ref)) === commit) {
    target.tip = commit
    return ok({ type: 'moved' })
  }
  const now = await overtaken(repository, target, moved.error)
  return now ? ok(now) : err(failure('target', gone(target)))
}

function checkedOut({ branch }: Target, place: string): string {
  return `The target branch ${branch} was checked out at ${place} during the run; landing there would undo work on the next commit. Switch to another branch and run again.`
}

function gone({ branch, tip }: Target): string {
  return `The target branch ${branch} was deleted during the run. Restore it: git branch ${branch} ${tip}`
}
