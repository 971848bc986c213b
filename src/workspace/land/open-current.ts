import type { CommitId, RefName, RunId } from '../../domain/brand.js'
import { cleanLine, listFirst } from '../../domain/text.js'
import { ok, type Result } from '../../domain/result.js'
import { openGitSession } from '../../platform/git/git-session.js'
import { checkedOutAt } from '../repository/checked-out.js'
import type { CurrentTree, RepositoryRefusal, Repository, Target } from '../contract.js'
import { hasSplitIndex, splitIndex } from './move-current.js'
import { pinLines } from '../refs/ref-name.js'
import { refuse, refuseGit } from '../git/refusal.js'
import { changeRefs } from '../git/sessions.js'
import { findUnderWay } from '../git/under-way.js'
import { identityEnv } from '../git/identity.js'

/** As a target, this means the branch that the user is on; write `refs/heads/current` for a branch with that name. */
export const currentBranch = 'current'

export interface CurrentOptions {
  readonly runId: RunId
  /** The run began earlier. */
  readonly isResumed?: boolean
  /** Paths relative to the root where uncommitted changes are expected: the roadmap. */
  readonly leaveOut: readonly string[]
  readonly pause: CurrentTree['pause']
}

/**
 * Takes the user's current branch as the target of a run, and pins the commit that the run begins from. HEAD must be a
 * branch, with index and files exactly as committed.
 */
export async function openCurrent(
  repository: Repository,
  options: CurrentOptions,
): Promise<Result<Target, RepositoryRefusal>> {
  const { head, gitDir } = repository
  const current = await findCurrent(repository, options.leaveOut)
  if (!current.ok) return current
  const branch = current.value
  const ref: RefName = `refs/heads/${branch}`
  const lines = await pinLines(repository, { ...options, commit: head.commit })
  const pinned = lines.length > 0 ? await changeRefs(repository, lines) : ok(undefined)
  if (!pinned.ok) return refuseGit(pinned.error)
  const refs = openGitSession({ gitDir }, ['update-ref', '-m', 'autopilot', '--stdin'], { env: sessionEnv(repository) })
  return ok({ branch, ref, tip: head.commit, base: head.commit, current: { refs, pause: options.pause } })
}

type Here = Pick<Repository, 'head' | 'root' | 'gitDir' | 'commonDir' | 'user' | 'dirtyPaths'>

/** The user's current branch, if a run may land on it. Changes nothing. */
export async function findCurrent(
  repository: Here,
  leaveOut: readonly string[],
): Promise<Result<string, RepositoryRefusal>> {
  const { branch, commit } = repository.head
  if (branch === undefined) return detached(commit)
  const refused =
    (await refuseOther(repository, branch, `refs/heads/${branch}`)) ?? (await refuseUnsettled(repository, leaveOut))
  return refused ?? ok(branch)
}

/** A linked work tree's own file that names the common directory; that is already known, so the file isn't needed. */
function sessionEnv({ gitDir, commonDir, identity }: Repository): Record<string, string> {
  return { ...identityEnv(identity), ...(gitDir === commonDir ? {} : { GIT_COMMON_DIR: commonDir }) }
}

function detached(commit: CommitId) {
  return refuse(
    'detached',
    `You are on no branch (HEAD is detached at ${commit.slice(0, 10)}), so --target current has no branch.`,
    'Switch to a branch (git switch main, or git switch -c NEW-NAME), or omit --target current.',
  )
}

async function refuseOther(repository: Here, branch: string, ref: RefName) {
  const onOwn = refuseOwnBranch(repository)
  if (!onOwn.ok) return onOwn
  const elsewhere = await checkedOutAt(repository, ref, repository.gitDir)
  if (elsewhere === undefined) return undefined
  return refuse(
    'checked_out',
    `${cleanLine(branch)} is checked out in ${elsewhere}, too.`,
    'Switch that work tree to another branch, or omit --target current.',
  )
}

const own = /^autopilot(\/|$)/

/** Autopilot's own branches are for its results, not for its starting point. */
export function refuseOwnBranch({ head }: Pick<Repository, 'head'>): Result<void, RepositoryRefusal> {
  if (head.branch === undefined || !own.test(head.branch)) return ok(undefined)
  const help = 'Switch to the branch of your own work, for example: git switch main'
  return refuse('on_target', `You are on ${cleanLine(head.branch)}, where autopilot lands its work.`, help)
}

const maxShown = 5

async function refuseUnsettled({ root, gitDir, dirtyPaths }: Here, leaveOut: readonly string[]) {
  const underWay = await findUnderWay(gitDir)
  if (underWay !== undefined)
    return refuse('under_way', `${underWay} is in progress in ${cleanLine(root, 300)}.`, 'Finish it, then run again.')
  if (await hasSplitIndex(gitDir)) return refuse('split_index', splitIndex.message, splitIndex.help)
  const dirty = await dirtyPaths(leaveOut)
  if (dirty === undefined) return refuse('git_failed', 'git cannot say what is changed here.', 'Check git status.')
  if (dirty.length === 0) return undefined
  const shown = listFirst(dirty, maxShown, (path) => cleanLine(path, 100))
  return refuse(
    'dirty',
    `There are uncommitted changes here: ${shown}.`,
    'For --target current, commit or stash them (git stash -u); or omit it, then work lands on a separate branch.',
  )
}
