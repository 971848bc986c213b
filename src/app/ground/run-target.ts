import type { TaskTrailer } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import type { TargetFacts } from '../../domain/run/event.js'
import type { LandedCommit } from '../../domain/roadmap/landed.js'
import { ok, type Result } from '../../domain/result.js'
import { cleanLine } from '../../domain/text.js'
import { taskTrailer, textTrailer } from '../../orchestration/place/commit-message.js'
import { realClock } from '../../platform/clock.js'
import type { GitPlace } from '../../platform/git/git.js'
import { finishLanding } from '../../workspace/land/broken-landing.js'
import type { Restart, RepositoryRefusal, Repository, Target } from '../../workspace/contract.js'
import { currentBranch, openCurrent, type CurrentOptions } from '../../workspace/land/open-current.js'
import { openRepository } from '../../workspace/repository/repository.js'
import { refuseGit } from '../../workspace/git/refusal.js'
import { openTarget } from '../../workspace/land/target.js'
import { lastChange, readTrailers, type CommitRange } from '../../workspace/refs/trailers.js'
import { readUndone, withoutUndone } from '../../workspace/refs/undone.js'

/** The repository, after finishing a landing that was interrupted by a kill of an earlier run. */
export async function openWhole(dir: string, env: Environment): Promise<Result<Repository, RepositoryRefusal>> {
  const repository = await openRepository({ dir, env })
  if (!repository.ok || !(await finishLanding(repository.value))) return repository
  return openRepository({ dir, env })
}

/** The branch that the settings name, prepared. */
export function chooseTarget(
  repository: Repository,
  branch: string | undefined,
  options: Omit<CurrentOptions, 'pause'>,
) {
  if (branch === currentBranch) return openCurrent(repository, { ...options, pause })
  return openTarget(repository, { ...options, ...(branch === undefined ? {} : { branch }) })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => realClock.schedule(ms, resolve))
}

/** Says that others' work on it was taken up. */
export function takenUpLine({ branch, takenUp }: Pick<Target, 'branch' | 'takenUp'>): readonly string[] {
  if (!takenUp) return []
  const from = cleanLine(takenUp.from)
  return [
    takenUp.isNew
      ? `${branch} is new here and starts from ${from}`
      : `${branch} continues from ${from}, which was ahead of it`,
  ]
}

/** Says that a target starts over from HEAD, why, and where its old tip is. */
export function restartLine({ branch, restart, setAside = [] }: Restarted, from: string): readonly string[] {
  if (!restart) return []
  const tasks = setAside.includes(restart.tip)
    ? 'its tasks count as landed'
    : 'that commit was reverted, so its tasks do not count as landed'
  return [
    `${branch} starts over from ${cleanLine(from)}: all of its work came there with ${restart.by.slice(0, 10)} and has been ` +
      `changed since; ${tasks}; the old tip is kept ${restart.ref === undefined ? 'on a ref' : `as ${restart.ref}`}; ` +
      'if you push it: git push --force-with-lease',
  ]
}

interface Restarted extends Pick<Target, 'branch' | 'setAside'> {
  readonly restart?: Pick<Restart, 'by' | 'tip'> & Partial<Pick<Restart, 'ref'>>
}

/** What the run's record says of it. */
export function targetFacts({ branch, base, current, isAmbiguous }: Target): TargetFacts {
  return { branch, base, ...(current ? { current: true } : {}), ...(isAmbiguous ? { isAmbiguous } : {}) }
}

/**
 * The trailers of the tasks that earlier runs have brought to the target and that the file may not know about, because
 * statuses are in the work tree, uncommitted. On a branch of autopilot's own, that is what the user hasn't merged; on
 * the user's own branch, what came after the last commit of the roadmap.
 */
export async function landedBefore(repository: Repository, target: Target, roadmapPath: string | undefined) {
  const { commit } = repository.head
  const known = target.current ? await lastChange(repository.trusted, commit, roadmapPath) : ok(commit)
  if (!known.ok) return known
  return landedIn(repository.trusted, { from: known.value, to: [target.base, ...(target.setAside ?? [])] })
}

/** The commits of a range that brought tasks, by their trailers; reverted ones don't count. */
export async function landedIn(
  place: GitPlace,
  range: CommitRange,
): Promise<Result<ReadonlyMap<TaskTrailer, readonly LandedCommit[]>, RepositoryRefusal>> {
  const landed = await readTrailers<TaskTrailer>(place, { key: taskTrailer, textKey: textTrailer }, range)
  if (!landed.ok || landed.value.size === 0) return landed
  const undone = await readUndone(place, range.to)
  return undone.ok ? ok(withoutUndone(landed.value, undone.value)) : refuseGit(undone.error)
}
