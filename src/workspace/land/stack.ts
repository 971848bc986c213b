import type { CommitId, TreeId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { git } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import type { Candidate, Repository, Target } from '../contract.js'
import { mergeWork } from './merge.js'
import { commitTree } from '../git/sessions.js'
import { checkSeal } from '../repository/trusted.js'
import { gitFailed } from '../git/git-failed.js'

/** A commit that may become the target's tip. */
export interface Ready {
  readonly commit: CommitId
  readonly tree: TreeId
  /** The target's tip that it is based on. */
  readonly base?: CommitId
}

/** A candidate as one commit on its base, see {@link singleParent}. */
export interface Single extends Pick<Candidate, 'base' | 'message'> {
  readonly single: Ready
}

/** The result of putting candidates on top of each other. */
export interface Stack<One> {
  /** Those that fit, in order, each with the commit of it and all before it. */
  readonly members: readonly { readonly candidate: One; readonly ready: Ready }[]
  /**
   * Those that can never land on this tip: a conflict with it, of kind `conflict` with the paths, or a fault of git's.
   */
  readonly left: readonly { readonly candidate: One; readonly failure: Failure }[]
}

/**
 * Puts candidates on the target's tip, each on top of those before it. One that git can combine with the tip, but not
 * with an earlier candidate, is in neither list, because the earlier one may yet fail to land. Nothing moves.
 */
export async function stack<One extends Single>(
  repository: Repository,
  { tip, branch }: Pick<Target, 'tip' | 'branch'>,
  candidates: readonly One[],
): Promise<Stack<One>> {
  const members: { candidate: One; ready: Ready }[] = []
  const left: { candidate: One; failure: Failure }[] = []
  for (const candidate of candidates) {
    const top = members.at(-1)?.ready.commit ?? tip
    const placed = await placeOn(repository, top, branch, candidate)
    if (placed.ok) members.push({ candidate, ready: { ...placed.value, base: tip } })
    else if (placed.error.kind !== 'conflict' || top === tip) left.push({ candidate, failure: placed.error })
    else {
      const alone = await mergeWork(repository, tip, { commit: candidate.single.commit, base: candidate.base })
      if (!alone.ok) left.push({ candidate, failure: gitFailed(alone.error).error })
      else if ('conflict' in alone.value)
        left.push({ candidate, failure: conflict(branch, alone.value.conflict.paths) })
    }
  }
  return { members, left }
}

/**
 * What is merged is a commit with the candidate's tree whose only parent is the attempt's base, whatever history the
 * agent left: so a task is one commit on the target. A candidate that already has this form is used as it is.
 */
export async function singleParent(repository: Repository, wanted: Candidate): Promise<Result<Ready, GitFailure>> {
  const { candidate, base, message } = wanted
  const known = wanted.made ? ok({ commit: candidate, ...wanted.made }) : await readCommit(repository, candidate)
  if (!known.ok) return known
  const { commit, tree, parents } = known.value
  if (parents.length === 1 && parents[0] === base) return ok({ commit, tree })
  const made = await commitTree(repository, tree, [base], message)
  return made.ok ? ok({ commit: made.value, tree }) : made
}

/** A commit with its tree and parents. */
export async function readCommit({ trusted }: Pick<Repository, 'trusted'>, id: CommitId) {
  const ids = await git(trusted, ['rev-parse', `${id}^{commit}`, `${id}^{tree}`, `${id}^@`])
  if (!ids.ok) return ids
  const [commit, tree, ...parents] = ids.value.split('\n') as [CommitId, TreeId, ...CommitId[]]
  return ok({ commit, tree, parents })
}

/** The commit itself when `top` is its base; else the merge of both, as one commit on top. */
async function placeOn(
  repository: Repository,
  top: CommitId,
  branch: string,
  { single, base, message }: Single,
): Promise<Result<Ready, Failure>> {
  if (top === base) return ok(single)
  const sealed = checkSeal(repository)
  if (!sealed.ok) return sealed
  const merged = await mergeWork(repository, top, { commit: single.commit, base })
  if (!merged.ok) return gitFailed(merged.error)
  if ('conflict' in merged.value) return err(conflict(branch, merged.value.conflict.paths))
  const { tree } = merged.value
  const commit = await commitTree(repository, tree, [top], message)
  return commit.ok ? ok({ commit: commit.value, tree }) : gitFailed(commit.error)
}

function conflict(branch: string, paths: readonly string[]): Failure {
  return failure('conflict', `git could not combine this with ${branch}.`, { paths })
}
