import { basename, dirname } from 'node:path'
import type { CommitId, EpochMs, RefName, RunId, TaskId, TaskTrailer } from '../../domain/brand.js'
import { reconcile, type LandedAttempt, type ResumeFacts, type Resumption } from '../../domain/run/reconcile.js'
import { safeName } from '../../domain/name.js'
import { present } from '../../domain/present.js'
import { ok, type Result } from '../../domain/result.js'
import type { RunState } from '../../domain/run/run-state.js'
import { isWorkOf } from '../../domain/run/uncollected.js'
import { readJournal, type JournaledRun, type JournalFault } from '../../journal/read-journal.js'
import { repairJournal } from '../../journal/repair.js'
import type { KnownRun } from '../../journal/runs.js'
import type { Arrears, Outdated, Salvage } from '../../orchestration/attempt/salvage.js'
import { conversationOf } from '../../orchestration/attempt/turn.js'
import type { GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import { workspaceNumber } from '../../workspace/home.js'
import { stillThere } from '../../workspace/lease/leftovers.js'
import { attemptRef } from '../../workspace/refs/ref-name.js'
import { readLandings, readRunRefs, type RunRefs } from '../../workspace/refs/run-refs.js'
import { readUndone, withoutUndone } from '../../workspace/refs/undone.js'
import type { PlannedTask } from '../../domain/roadmap/plan.js'
import { taskTrailerValue } from '../../domain/roadmap/task-trailer.js'
import type { FindProvider } from '../../providers/index.js'

/** A run of before, as its journal tells it. */
export interface Replayed extends JournaledRun {
  /** Where the whole of a journal is that was cut back. */
  readonly repaired?: string
}

/** Reads a run's journal; with `repair`, one with a bad line is cut back to what stands before that. */
export async function replayRun(
  { journal }: Pick<KnownRun, 'journal'>,
  { repair, now }: { readonly repair: boolean; readonly now: EpochMs },
): Promise<Result<Replayed, JournalFault>> {
  const read = await readJournal(journal)
  if (read.ok) return read
  const { code, line = 1 } = read.error
  if (!repair || code !== 'bad_line' || line === 1) return read
  const copy = await repairJournal(journal, line, now)
  if (!copy.ok) return { ok: false, error: { code: 'unreadable', message: `it cannot be repaired: ${copy.error}` } }
  const again = await replayRun({ journal }, { repair: false, now })
  return again.ok ? ok({ ...again.value, repaired: copy.value }) : again
}

/** What was found on the machine of a run that is resumed. */
export interface Remains {
  readonly refs: RunRefs
  /** The commits that the run has brought, by the trailer that names the task. */
  readonly landings: ReadonlyMap<TaskTrailer, readonly LandedAttempt[]>
  /** Of the workspaces that hold work which was not collected, those that are there. */
  readonly standing: ReadonlySet<string>
}

const nothingRemains: Remains = {
  refs: { candidates: new Map(), lastAttempt: new Map() },
  landings: new Map(),
  standing: new Set(),
}

/** Looks at the refs, the target and the workspaces of a run. Without a repository there is nothing to be found. */
export async function lookAround(
  user: GitPlace | undefined,
  { state }: Replayed,
  tips: readonly (CommitId | RefName)[],
): Promise<Result<Remains, GitFailure>> {
  if (!user) return ok(nothingRemains)
  const { runId, target } = state.start
  const refs = await readRunRefs(user, runId)
  if (!refs.ok) return refs
  const since = await readLandings(user, { runId, tips, ...(target ? { from: target.base } : {}) })
  // The commit that the run began from may be gone with a branch that was deleted since.
  const landings = since.ok ? since : await readLandings(user, { runId, tips })
  if (!landings.ok) return landings
  const undone = landings.value.size === 0 ? ok(new Set<string>()) : await readUndone(user, tips)
  if (!undone.ok) return undone
  const standing = await stillThere([...state.uncollected.keys()], runId)
  return ok({ refs: refs.value, landings: withoutUndone(landings.value, undone.value), standing })
}

/** The commits on the target that the run has brought under a task's id, the last first. */
export function landingsOf({ landings }: Remains, taskId: TaskId): readonly LandedAttempt[] {
  return landings.get(taskTrailerValue(taskId)) ?? []
}

/** How a task may be tried. */
export type Limits = Pick<ResumeFacts, 'maxAttemptsOf' | 'maxTotalAttempts' | 'retryFailed' | 'named' | 'text'> & {
  readonly isUsable: (provider: string) => boolean
  readonly findProvider: FindProvider
}

/** What is known of the machine, in the words of the decision. */
export function factsOf({ state }: Replayed, remains: Remains, limits: Limits): ResumeFacts {
  const { refs, standing } = remains
  const { runId, isolation } = state.start
  const workspaceOf = (id: TaskId) => state.progress.get(id)?.course?.workspace ?? ''
  return {
    ...limits,
    landed: (id) => landingsOf(remains, id),
    candidate: (id, attempt) => refs.candidates.get(attemptRef(runId, id, attempt)),
    lastRef: (id) => refs.lastAttempt.get(safeName(id)) ?? 0,
    stands: (taskId, attempt) => {
      const path = workspaceOf(taskId)
      return standing.has(path) && isWorkOf(state.uncollected, path, { taskId, attempt })
    },
    canContinue: (course) =>
      isolation === 'workspace' &&
      limits.isUsable(course.agent.provider) &&
      conversationOf(course, limits.findProvider) !== undefined,
  }
}

/** How a run goes on. */
export interface Resumed extends Arrears {
  readonly replayed: Replayed
  /** Workspaces that are still needed. */
  readonly keep: ReadonlySet<string>
}

export function resumeRun(
  replayed: Replayed,
  planned: readonly PlannedTask[],
  remains: Remains,
  limits: Limits,
): Resumed {
  const { state } = replayed
  const facts = factsOf(replayed, remains, limits)
  const resumptions = reconcile(state, planned, facts)
  const all = [...state.progress].flatMap(([taskId, { course }]): Salvage[] =>
    course ? [{ taskId, course, stands: facts.stands(taskId, course.attempt) }] : [],
  )
  return {
    replayed,
    resumptions,
    salvage: all.filter(({ taskId, stands }) => stands && resumptions.get(taskId)?.type !== 'continue'),
    outdated: all.flatMap((work) => outdatedOf(work, resumptions.get(work.taskId), remains, state.start.runId)),
    keep: new Set(state.uncollected.keys()),
  }
}

/** Where it still stands in its workspace it is collected from there. */
function outdatedOf(
  { taskId, course: { attempt, base }, stands }: Salvage,
  how: Resumption | undefined,
  { refs }: Remains,
  runId: RunId,
): readonly Outdated[] {
  const ref = attemptRef(runId, taskId, attempt)
  const commit = refs.candidates.get(ref)
  if (stands || how?.type !== 'start' || how.reworded !== true || commit === undefined) return []
  return [{ taskId, attempt, ref, commit, ...present({ base }) }]
}

/** The highest number that a workspace of the run has, on disk or in its journal. */
export function highestNumber(state: RunState, paths: Iterable<string>): number {
  const told = [...state.progress.values()].flatMap(({ course }) => (course ? [course.workspace] : []))
  const numbers = [...told, ...paths].map((path) =>
    dirname(path) === '.' ? 0 : (workspaceNumber(basename(path)) ?? 0),
  )
  return Math.max(0, ...numbers)
}
