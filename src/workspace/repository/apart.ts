import type { CommitId } from '../../domain/brand.js'
import { ok, type Result } from '../../domain/result.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import type { RepositoryRefusal } from '../contract.js'
import { isShallow } from '../refs/gone.js'
import { refuse, refuseGit } from '../git/refusal.js'

/** How many commits each of two has that the other has not. */
export interface Apart {
  readonly ahead: number
  readonly behind: number
}

/** A commit under the name by which a person knows it. */
export interface NamedCommit {
  readonly name: string
  readonly commit: CommitId
}

/**
 * Compares the histories of two commits. Those that have nothing in common are refused: git merges no such two, and in a
 * clone whose history is cut off it cannot know which of them has what.
 */
export async function howFarApart(
  place: GitPlace,
  one: NamedCommit,
  other: NamedCommit,
): Promise<Result<Apart, RepositoryRefusal>> {
  const counts = await git(place, ['rev-list', '--left-right', '--count', `${one.commit}...${other.commit}`])
  if (!counts.ok) return refuseGit(counts.error)
  const [ahead = 0, behind = 0] = counts.value.split('\t').map(Number)
  // Where one has all of the other there is nothing to ask.
  if (ahead === 0 || behind === 0) return ok({ ahead, behind })
  const common = await git(place, ['merge-base', one.commit, other.commit])
  if (common.ok) return ok({ ahead, behind })
  if (common.error.exit.type !== 'code' || common.error.exit.code !== 1) return refuseGit(common.error)
  const both = `${one.name} and ${other.name}`
  if (await isShallow(place))
    return refuse(
      'cut_off',
      `The history of this clone is cut off before ${both} meet, so it is unknown which has which commits.`,
      'Fetch the rest: git fetch --unshallow; in CI, clone with the whole history (fetch-depth: 0, GIT_DEPTH: 0).',
    )
  return refuse(
    'unrelated',
    `${both} have no commit in common.`,
    'Name another target with --target, or omit it for the default.',
  )
}
