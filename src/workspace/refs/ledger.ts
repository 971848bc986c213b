import type { CommitId, RefName, RunId, TaskTrailer } from '../../domain/brand.js'
import type { LedgerRef } from '../../domain/run/ledger.js'
import { isRunId } from '../../domain/name.js'
import { ok, type Result } from '../../domain/result.js'
import { safeNameOf } from '../../domain/roadmap/task-trailer.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import { baseRef, namedAttemptRef } from './ref-name.js'
import { isSetAside, setAsideRefs } from './set-aside.js'

/**
 * Every ref of autopilot's in the user's repository, of one run or of all, and whether something would be lost without
 * it. Ignores symbolic refs, refs to anything but commits, and names that autopilot doesn't create.
 *
 * @param user - the git directory that all work trees of the user share
 */
export async function readLedger(user: GitPlace, runId?: RunId): Promise<Result<readonly LedgerRef[], GitFailure>> {
  const listed = await listRefs(user, runId)
  if (!listed.ok || listed.value.length === 0) return listed.ok ? ok([]) : listed
  const refs = listed.value
  const onlyHere = await beyondBranches(user, new Set(refs.map(({ commit }) => commit)))
  if (!onlyHere.ok) return onlyHere
  const landed = new Map<RefName, CommitId>()
  for (const id of new Set(refs.filter(({ isBase }) => !isBase).map((one) => one.runId))) {
    const base = refs.find(({ ref }) => ref === baseRef(id))?.commit
    const found = await landedAttempts(user, id, base)
    if (!found.ok) return found
    for (const [ref, commit] of found.value) landed.set(ref, commit)
  }
  return ok(refs.map((one) => ({ ...one, standing: standingOf(one, landed.get(one.ref), onlyHere.value) })))
}

type Listed = Omit<LedgerRef, 'standing'>

function standingOf({ commit }: Listed, landed: CommitId | undefined, onlyHere: ReadonlySet<string>) {
  if (landed !== undefined) return { type: 'landed', commit: landed } as const
  return onlyHere.has(commit) ? ({ type: 'only_here' } as const) : ({ type: 'on_branch' } as const)
}

async function listRefs(user: GitPlace, runId: RunId | undefined): Promise<Result<Listed[], GitFailure>> {
  const format = '--format=%(refname)%00%(objectname)%00%(objecttype)%00%(symref)'
  const below = runId === undefined ? 'refs/autopilot/' : `refs/autopilot/${runId}/`
  const listing = await git(user, ['for-each-ref', format, below])
  if (!listing.ok) return listing
  const refs: Listed[] = []
  for (const line of listing.value.split('\n')) {
    const [ref = '', commit = '', type, symref] = line.split('\0')
    const [, run = '', rest = ''] = /^refs\/autopilot\/([^/]+)\/(.+)$/.exec(ref) ?? []
    const isBase = rest === 'base'
    const isTarget = isSetAside(rest) ? ({ isTarget: true } as const) : {}
    if (type !== 'commit' || symref !== '' || !isRunId(run)) continue
    if (isBase || 'isTarget' in isTarget || /^[a-z0-9-]+\/\d+(-[a-z0-9-]+)?$/.test(rest))
      refs.push({ ref: ref as RefName, commit: commit as CommitId, runId: run, isBase, ...isTarget })
  }
  return ok(refs)
}

/** Those of these commits that are on no branch. */
async function beyondBranches(user: GitPlace, commits: ReadonlySet<string>): Promise<Result<Set<string>, GitFailure>> {
  const args = ['rev-list', '--stdin', '--not', '--branches']
  const listing = await git(user, args, { input: [...commits, ''].join('\n') })
  return listing.ok ? ok(new Set(listing.value.split('\n').filter((commit) => commits.has(commit)))) : listing
}

/**
 * The refs of a run's attempts that commits on a branch name in their trailers, with those commits. A run's commits
 * are never older than the commit it began from, so older ones aren't searched.
 */
async function landedAttempts(
  user: GitPlace,
  runId: RunId,
  base: CommitId | undefined,
): Promise<Result<Map<RefName, CommitId>, GitFailure>> {
  const fields = ['Run', 'Task', 'Attempt'].map((name) => `%(trailers:key=Autopilot-${name},valueonly,separator=%x00)`)
  const log = ['rev-list', '--no-commit-header', `--format=%H%x01${fields.join('%x01')}`]
  // The old tip of a target has landed, although no branch contains it any more.
  const range = ['--branches', `--glob=${setAsideRefs}`, ...(base === undefined ? [] : ['--not', base])]
  const listing = await git(user, [...log, '--fixed-strings', `--grep=Autopilot-Run: ${runId}`, ...range])
  if (!listing.ok) return listing
  const landed = new Map<RefName, CommitId>()
  for (const line of listing.value.split('\n')) {
    const [commit = '', run, task = '', attempt = ''] = line.split('\x01')
    if (run === runId && /^\d{1,6}$/.test(attempt))
      landed.set(namedAttemptRef(runId, safeNameOf(task as TaskTrailer), Number(attempt)), commit as CommitId)
  }
  return ok(landed)
}

/** Deletes these refs, all or none: none if one of them has moved since it was read. */
export async function deleteRefs(user: GitPlace, refs: readonly LedgerRef[]): Promise<Result<void, GitFailure>> {
  if (refs.length === 0) return ok(undefined)
  const lines = ['start', ...refs.map(({ ref, commit }) => `delete ${ref} ${commit}`), 'prepare', 'commit', '']
  const deleted = await git(user, ['update-ref', '--no-deref', '--stdin'], { input: lines.join('\n') })
  return deleted.ok ? ok(undefined) : deleted
}
