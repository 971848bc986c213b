import type { CommitId, RefName, RunId, TaskTrailer } from '../../domain/brand.js'
import type { LandedAttempt } from '../../domain/run/reconcile.js'
import { ok, type Result } from '../../domain/result.js'
import { isOwnText } from '../../domain/roadmap/task-text.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'

/** What a run has left in the user's repository. */
export interface RunRefs {
  /** By the full name of an attempt's ref: the candidate that it keeps. */
  readonly candidates: ReadonlyMap<RefName, CommitId>
  /** The highest attempt number, by the part of a ref's name that stands for the task. */
  readonly lastAttempt: ReadonlyMap<string, number>
}

/**
 * Reads the refs of a run's attempts. Only a commit that autopilot made is a candidate: such a ref may also keep an
 * agent's own commits that changed nothing in the end.
 */
export async function readRunRefs(user: GitPlace, runId: RunId): Promise<Result<RunRefs, GitFailure>> {
  const made = '%(trailers:key=Autopilot-Run,valueonly,separator=%x2C)'
  const format = `--format=%(refname)%00%(objectname)%00${made}`
  const listing = await git(user, ['for-each-ref', format, `refs/autopilot/${runId}/`])
  if (!listing.ok) return listing
  const candidates = new Map<RefName, CommitId>()
  const lastAttempt = new Map<string, number>()
  for (const line of listing.value.split('\n')) {
    const [ref = '', commit = '', by] = line.split('\0')
    const [, name, number, rest] = /^refs\/autopilot\/[^/]+\/([^/]+)\/(\d{1,9})(-.*)?$/.exec(ref) ?? []
    if (name === undefined) continue
    lastAttempt.set(name, Math.max(lastAttempt.get(name) ?? 0, Number(number)))
    if (rest === undefined && by === runId) candidates.set(ref as RefName, commit as CommitId)
  }
  return ok({ candidates, lastAttempt })
}

export interface LandingsQuery {
  readonly runId: RunId
  /** The commit that the run began from: none of its commits is older. Absent if unknown. */
  readonly from?: CommitId
  /** Where its commits may have arrived. */
  readonly tips: readonly (CommitId | RefName)[]
}

/** The commits that a run has brought, the last first, by the value of the trailer that names the task. */
export async function readLandings(
  user: GitPlace,
  { runId, from, tips }: LandingsQuery,
): Promise<Result<ReadonlyMap<TaskTrailer, readonly LandedAttempt[]>, GitFailure>> {
  const names = ['Run', 'Task', 'Attempt', 'Text']
  const fields = names.map((name) => `%(trailers:key=Autopilot-${name},valueonly,separator=%x00)`)
  const log = ['rev-list', '--no-commit-header', `--format=%H%x01%P%x01${fields.join('%x01')}`]
  const range = [...tips, ...(from === undefined ? [] : ['--not', from]), '--']
  const listing = await git(user, [...log, '--fixed-strings', `--grep=Autopilot-Run: ${runId}`, ...range])
  if (!listing.ok) return listing
  const landings = new Map<TaskTrailer, LandedAttempt[]>()
  for (const line of listing.value.split('\n')) {
    const [id = '', parents = '', run, task = '', attempt = '', text = ''] = line.split('\x01')
    if (run !== runId || task === '' || !/^\d{1,9}$/.test(attempt)) continue
    const known = isOwnText(text) ? { text } : {}
    const [commit, previous] = [id, parents.split(' ')[0] ?? ''] as [CommitId, CommitId]
    const landing = { attempt: Number(attempt), commit, previous, ...known }
    const named = task as TaskTrailer
    landings.set(named, [...(landings.get(named) ?? []), landing])
  }
  return ok(landings)
}
