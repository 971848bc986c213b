import type { GitFailure } from '../../platform/git/git-failure.js'
import type { TargetMove, Repository, Target } from '../contract.js'
import { readRef } from '../refs/ref-name.js'
import { gitFailed } from '../git/git-failed.js'

/** After a move that git refused: where the target stands now, as somebody may have moved it; undefined when it is gone. */
export async function overtaken(
  repository: Repository,
  target: Target,
  refused: GitFailure,
): Promise<Extract<TargetMove, { type: 'overtaken' }> | undefined> {
  const tip = await readRef(repository, target.ref)
  if (tip === undefined) return undefined
  if (tip !== target.tip) target.onOvertaken?.({ from: target.tip, to: tip })
  target.tip = tip
  return { type: 'overtaken', why: gitFailed(refused).error }
}
