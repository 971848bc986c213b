import type { CommitId, RefName, RunId } from '../../domain/brand.js'
import { cleanLine } from '../../domain/text.js'
import { ok, type Result } from '../../domain/result.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import { howFarApart } from '../repository/apart.js'
import type { Restart, RepositoryRefusal, Repository, TakenUp, Target } from '../contract.js'
import { outsideOf } from '../refs/gone.js'
import { refuseOwnBranch } from './open-current.js'
import { noCommit, pinLines, unambiguousName } from '../refs/ref-name.js'
import { mergeTrees } from './merge.js'
import { changeRefs, commitTree } from '../git/sessions.js'
import { refuse, refuseGit } from '../git/refusal.js'
import { setAsideFrom, setAsideRef } from '../refs/set-aside.js'
import { findSquashed } from './squashed.js'

export interface TargetOptions {
  /** Another branch than the default one; created from HEAD if it doesn't exist. */
  readonly branch?: string
  readonly runId: RunId
  /** The run began earlier. */
  readonly isResumed?: boolean
}

/**
 * Prepares the target branch for a run: finds or creates it, brings it up to date with HEAD, and pins the commit that
 * the run starts from. Doesn't touch the user's branch, index and files.
 */
export async function openTarget(
  repository: Repository,
  options: TargetOptions,
): Promise<Result<Target, RepositoryRefusal>> {
  const target = await findTarget(repository, options)
  if (!target.ok) return target
  const { branch, local, tip, takenUp } = target.value
  const start = await upToDate(repository, { branch, tip, runId: options.runId })
  if (!start.ok) return start
  const { commit, restart } = start.value
  const ref: RefName = `refs/heads/${branch}`
  const moved = await moveAndPin(repository, {
    ...options,
    ref,
    from: local,
    to: commit,
    ...(restart ? { restart } : {}),
  })
  if (!moved.ok) return moved
  const setAside = await setAsideFrom(repository.user, [commit])
  if (!setAside.ok) return refuseGit(setAside.error)
  const isAmbiguous = (await unambiguousName(repository, branch)) !== branch
  return ok({
    ...{ branch, ref, tip: commit, base: commit },
    ...(takenUp && !restart ? { takenUp } : {}),
    ...(restart ? { restart } : {}),
    ...(setAside.value.length > 0 ? { setAside: setAside.value } : {}),
    ...(isAmbiguous ? { isAmbiguous } : {}),
  })
}

/** The branch that a run would land on, in its current state. */
export interface FoundTarget extends Newest {
  readonly branch: string
  /** The tip of the local branch, if there is one. */
  readonly local: CommitId | undefined
}

/** Finds the target branch, or refuses it. Changes nothing. */
export async function findTarget(
  repository: Pick<Repository, 'head' | 'user' | 'root' | 'trusted'>,
  named: Pick<TargetOptions, 'branch'>,
): Promise<Result<FoundTarget, RepositoryRefusal>> {
  const branch = await targetBranch(repository, named)
  if (!branch.ok) return branch
  const standing = await existing(repository, branch.value)
  if (!standing.ok) return standing
  const newest = await newestOf(repository, branch.value, standing.value)
  return newest.ok ? ok({ ...newest.value, branch: branch.value, local: standing.value }) : newest
}

/** `autopilot/<the branch you are on>`, for a detached HEAD `autopilot/detached-<eight digits of its id>`. */
export function defaultTarget({ branch, commit }: Repository['head']): string {
  return `autopilot/${branch ?? `detached-${commit.slice(0, 8)}`}`
}

async function targetBranch(
  repository: Pick<Repository, 'head' | 'user'>,
  { branch: named }: Pick<TargetOptions, 'branch'>,
): Promise<Result<string, RepositoryRefusal>> {
  const { head, user } = repository
  const onOwn = refuseOwnBranch(repository)
  if (!onOwn.ok) return onOwn
  // A name derived from an existing branch is valid without a check.
  if (named === undefined) return ok(defaultTarget(head))
  const branch = named.replace(/^refs\/heads\//, '')
  const help = 'Name a separate branch with --target, or omit it for the default.'
  const valid = !/^(-|HEAD$)/.test(branch) && (await git(user, ['check-ref-format', `refs/heads/${branch}`])).ok
  return valid ? ok(branch) : refuse('bad_branch_name', `'${cleanLine(branch)}' cannot be the name of a branch.`, help)
}

/** The branch's tip, if it exists. Refuses a branch that is checked out, or whose name another branch blocks. */
async function existing(
  { user, root }: Pick<Repository, 'user' | 'root'>,
  branch: string,
): Promise<Result<CommitId | undefined, RepositoryRefusal>> {
  const format = '--format=%(refname:lstrip=2)%00%(objectname)%00%(worktreepath)'
  const listing = await git(user, ['for-each-ref', format, 'refs/heads'])
  if (!listing.ok) return refuseGit(listing.error)
  let tip: CommitId | undefined
  for (const line of listing.value.split('\n')) {
    const [name = '', id = '', worktree = ''] = line.split('\0')
    if (name === branch && worktree !== '') return checkedOut(branch, worktree, root)
    if (name === branch) tip = id as CommitId
    if (name !== '' && (branch.startsWith(`${name}/`) || name.startsWith(`${branch}/`))) return inTheWay(branch, name)
  }
  return ok(tip)
}

function checkedOut(branch: string, worktree: string, root: string) {
  return refuse(
    'checked_out',
    `The target branch ${branch} is checked out in ${cleanLine(worktree)}.`,
    worktree === root
      ? 'With --target current, work lands there and in your files; or name another target, or none.'
      : 'Switch that work tree to another branch, or name another target with --target.',
  )
}

/** Refs are files: `autopilot` and `autopilot/main` cannot both exist. */
function inTheWay(branch: string, name: string) {
  const shown = cleanLine(name)
  return refuse(
    'branch_in_the_way',
    `Cannot create the target branch ${branch}: there is a branch named ${shown}.`,
    `Rename that one (git branch -m ${shown} NEW-NAME), or name another target with --target.`,
  )
}

/** Where the branch should continue from. */
export interface Newest {
  readonly tip: CommitId | undefined
  readonly takenUp?: TakenUp
}

/**
 * Takes up what others have brought to the same branch of a remote, as far as it was fetched; otherwise its tasks
 * would be done twice. If both have moved on, or two remotes have, a person must bring them together.
 */
async function newestOf(
  { trusted, user }: Pick<Repository, 'trusted' | 'user'>,
  branch: string,
  local: CommitId | undefined,
): Promise<Result<Newest, RepositoryRefusal>> {
  const listing = await git(user, [
    'for-each-ref',
    '--format=%(refname:lstrip=2)%00%(objectname)',
    `refs/remotes/*/${branch}`,
  ])
  if (!listing.ok) return refuseGit(listing.error)
  let newest: Newest = { tip: local }
  for (const line of listing.value.split('\n')) {
    const [remote = '', id = ''] = line.split('\0')
    const commit = id as CommitId
    if (id === '' || commit === newest.tip) continue
    const takenUp = { from: remote, isNew: local === undefined }
    if (newest.tip === undefined) {
      newest = { tip: commit, takenUp }
      continue
    }
    const here = newest.takenUp?.from ?? branch
    const known = { name: cleanLine(here), commit: newest.tip }
    const apart = await howFarApart(trusted, known, { name: cleanLine(remote), commit })
    if (!apart.ok) return apart
    if (apart.value.behind === 0) continue
    if (apart.value.ahead !== 0) {
      if (await wasSetAside(user, newest.tip, commit)) continue
      return diverged(branch, here, remote)
    }
    newest = { tip: commit, takenUp }
  }
  return ok(newest)
}

/** A remote that has the target's old tip from before it started over has nothing new. */
async function wasSetAside(user: GitPlace, tip: CommitId, commit: CommitId): Promise<boolean> {
  const setAside = await setAsideFrom(user, [tip])
  if (!setAside.ok || setAside.value.length === 0) return false
  const outside = await outsideOf(user, [commit], setAside.value)
  return outside.ok && outside.value.size === 0
}

function diverged(branch: string, one: string, other: string) {
  const shown = cleanLine(other)
  return refuse(
    'diverged',
    `${cleanLine(one)} and ${shown} have diverged: each has commits that the other lacks.`,
    `Bring them together: git switch ${branch} && git merge ${shown} && git switch -; ` +
      'or name another target with --target.',
  )
}

interface TargetTip {
  readonly branch: string
  readonly tip: CommitId | undefined
  readonly runId: RunId
}

/** Where a target should start a run from. */
interface Start {
  readonly commit: CommitId
  readonly restart?: Restart
}

/**
 * The commit that the target should start this run from: it contains HEAD and everything from earlier runs. If HEAD's
 * history has all of that under other commits and has moved on, HEAD's version counts.
 */
async function upToDate(
  repository: Repository,
  { branch, tip, runId }: TargetTip,
): Promise<Result<Start, RepositoryRefusal>> {
  const { head, trusted } = repository
  if (tip === undefined || tip === head.commit) return ok({ commit: head.commit })
  const from = head.branch ?? head.commit.slice(0, 8)
  const apart = await howFarApart(
    trusted,
    { name: branch, commit: tip },
    { name: cleanLine(from), commit: head.commit },
  )
  if (!apart.ok) return apart
  if (apart.value.behind === 0) return ok({ commit: tip })
  if (apart.value.ahead === 0) return ok({ commit: head.commit })
  const squashed = await findSquashed(trusted, { tip, head: head.commit, branch })
  if (!squashed.ok) return refuseGit(squashed.error)
  const { by, isEdited = false } = squashed.value ?? {}
  const restart = by === undefined ? undefined : { by, tip, ref: setAsideRef(runId, by) }
  if (restart && isEdited) return ok({ commit: head.commit, restart })
  const merged = await mergeTrees(repository, tip, head.commit)
  if (!merged.ok) return refuseGit(merged.error)
  if ('conflict' in merged.value) {
    if (restart) return ok({ commit: head.commit, restart })
    const shown = head.branch === undefined ? from : await unambiguousName(repository, from)
    return conflicting(branch, cleanLine(shown), merged.value.conflict.paths)
  }
  const message = `Bring ${branch} up to date with ${from}\n\nAutopilot-Run: ${runId}\n`
  const commit = await commitTree(repository, merged.value.tree, [tip, head.commit], message)
  return commit.ok ? ok({ commit: commit.value }) : refuseGit(commit.error)
}

function conflicting(branch: string, from: string, paths: readonly string[]) {
  return refuse(
    'conflict',
    `The target branch ${branch} conflicts with ${from} in: ${paths.join(', ')}`,
    `Merge them yourself: git switch ${branch} && git merge ${from}; or start over: git branch -m ${branch} OLD-NAME, ` +
      'and in the roadmap, set the tasks to redo to pending: they still say done',
  )
}

interface MoveParts extends Omit<TargetOptions, 'branch'> {
  readonly ref: RefName
  readonly from: CommitId | undefined
  readonly to: CommitId
  readonly restart?: Restart
}

/** Moves the target, pins the base and keeps the target's old tip, in one transaction: all or nothing. */
async function moveAndPin(
  repository: Repository,
  { ref, from, to, restart, ...run }: MoveParts,
): Promise<Result<void, RepositoryRefusal>> {
  const pin = await pinLines(repository, { ...run, commit: to })
  const keep = restart ? [`update ${restart.ref} ${restart.tip}`] : []
  const moved = await changeRefs(repository, [`update ${ref} ${to} ${from ?? noCommit(repository)}`, ...pin, ...keep])
  if (moved.ok) return ok(undefined)
  const refused = refuseGit(moved.error)
  return refuse(
    'moved',
    refused.error.message,
    'If another program moved the target branch meanwhile, run autopilot again.',
  )
}
