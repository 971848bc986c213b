import { realpath } from 'node:fs/promises'
import type { CommitId, TaskId } from '../../domain/brand.js'
import { judgeLanded, type LandedCommit } from '../../domain/roadmap/landed.js'
import { isOtherTask } from '../../domain/roadmap/task-text.js'
import { taskTrailerValue } from '../../domain/roadmap/task-trailer.js'
import { readIntegrated } from '../../journal/integrated.js'
import { readStart } from '../../journal/read-journal.js'
import { listRuns } from '../../journal/runs.js'
import type { GitPlace } from '../../platform/git/git.js'
import { isShallow, outsideOf } from '../../workspace/refs/gone.js'
import { readUndone } from '../../workspace/refs/undone.js'
import { ownTextOf, type KnownTask, type LandedTasks } from '../resume/landed.js'
import { landedIn } from './run-target.js'
import { goneLines, inHeadLines } from '../resume/text-notices.js'

/** Where a run looks for what has happened to its tasks. */
export interface HistoryPlace {
  readonly place: GitPlace
  /** The commit that the user is on. */
  readonly head: CommitId
  /** The target's commit, and its old tips from before it started over. */
  readonly tips: readonly CommitId[]
  readonly branch: string
  /** Where the runs' records are. */
  readonly root: string
}

/** The plan of a run, with what counts as done. */
export type HistoryParts = { readonly redo?: readonly TaskId[] } & Pick<LandedTasks, 'loaded' | 'plan' | 'landed'>

type Commits = (taskId: TaskId) => readonly LandedCommit[]

/**
 * Disagreements between the roadmap and git, in words: tasks that will run although HEAD has a commit of them, and
 * tasks marked done whose commit is nowhere.
 */
export async function historyNotices(where: HistoryPlace, parts: HistoryParts): Promise<readonly string[]> {
  const again = await inHead(where, parts)
  const gone = await missingWork(where, parts)
  return [...inHeadLines(again), ...goneLines(gone, where.branch)]
}

async function commitsOf(place: GitPlace, tips: readonly CommitId[]): Promise<Commits | undefined> {
  const read = await landedIn(place, { to: tips })
  return read.ok ? (taskId) => read.value.get(taskTrailerValue(taskId)) ?? [] : undefined
}

async function inHead({ place, head }: HistoryPlace, parts: HistoryParts): Promise<readonly KnownTask[]> {
  const { loaded, plan, redo } = parts
  const asked = new Set(redo)
  const wanted = plan.runnable.filter((id) => !asked.has(id))
  const commits = wanted.length === 0 ? undefined : await commitsOf(place, [head])
  if (!commits) return []
  return wanted.flatMap((id) => {
    const task = loaded.graph.tasks.get(id)
    const landed = task && judgeLanded(commits(id), ownTextOf(task))
    return landed?.type === 'same' || landed?.type === 'by_id' ? [{ id, commit: landed.commit }] : []
  })
}

async function missingWork(where: HistoryPlace, parts: HistoryParts): Promise<readonly KnownTask[]> {
  const { place, head } = where
  const counted = new Set(parts.landed.map(({ id }) => id))
  const done = parts.plan.tasks.filter(({ id, state }) => state === 'done' && !counted.has(id)).map(({ id }) => id)
  const tips = [...new Set([...where.tips, head])]
  if (done.length === 0 || (await isShallow(place))) return []
  const commits = await commitsOf(place, tips)
  if (!commits) return []
  const known = await recorded(where, parts, new Set(done.filter((id) => commits(id).length === 0)))
  if (known.length === 0) return []
  const outside = await outsideOf(
    place,
    known.map(({ commit }) => commit),
    tips,
  )
  const undone = await readUndone(place, tips)
  if (!outside.ok || !undone.ok) return []
  return known.filter(({ commit }) => outside.value.has(commit) || undone.value.has(commit))
}

/** The commits of tasks that the last run of this roadmap recorded, for the tasks' current texts. */
async function recorded({ root }: HistoryPlace, { loaded }: HistoryParts, wanted: Set<TaskId>) {
  const commits: { readonly id: TaskId; readonly commit: CommitId }[] = []
  const path = await realpath(loaded.path).catch(() => loaded.path)
  for (const { journal } of wanted.size === 0 ? [] : await listRuns([root])) {
    if (wanted.size === 0) break
    const start = await readStart(journal)
    const roadmapPath = start.ok ? start.value.roadmapPath : undefined
    if (roadmapPath === undefined || (await realpath(roadmapPath).catch(() => roadmapPath)) !== path) continue
    for (const [id, { commit, text }] of await readIntegrated(journal)) {
      const task = loaded.graph.tasks.get(id)
      if (!task || !wanted.delete(id)) continue
      if (!isOtherTask(text, ownTextOf(task))) commits.push({ id, commit })
    }
  }
  return commits
}
