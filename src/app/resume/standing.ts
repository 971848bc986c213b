import type { CommitId, TaskId } from '../../domain/brand.js'
import { judgeLanded, type LandedAs, type LandedCommit } from '../../domain/roadmap/landed.js'
import type { Task } from '../../domain/roadmap/task.js'
import { isOtherTask } from '../../domain/roadmap/task-text.js'
import { ownTextOf, type Doneness } from './landed.js'
import { landingsOf, type Remains, type Replayed } from './resumed.js'

/** What the target says about a task. */
export function landedAs(task: Task, landed: (taskId: TaskId) => readonly LandedCommit[]): LandedAs {
  return judgeLanded(landed(task.id), ownTextOf(task))
}

/**
 * Whether a task of a resumed run is done. Git is believed, not the run's record: a commit counts if it is on the
 * target or in HEAD. The record alone counts if a task needed no commit.
 */
export function standingAfter(
  task: Task,
  { state }: Replayed,
  remains: Remains,
  landed: (taskId: TaskId) => readonly LandedCommit[],
): Doneness {
  const known = state.tasks.get(task.id)?.state
  const { text } = state.progress.get(task.id) ?? {}
  if (known?.type === 'done' && known.how !== 'before' && known.commit === undefined)
    return isOtherTask(text, ownTextOf(task)) ? { type: 'none' } : { type: 'recorded' }
  const own = landingsOf(remains, task.id).map((landing) => ({ ...textIn(known, landing.commit, text), ...landing }))
  const others = landed(task.id).filter(({ commit }) => !own.some((landing) => landing.commit === commit))
  return judgeLanded([...own, ...others], ownTextOf(task))
}

/** A commit without a digest is known by what the record says about it. */
function textIn(
  known: { readonly type: string; readonly commit?: CommitId } | undefined,
  commit: CommitId,
  text: string | undefined,
): { readonly text?: string } {
  return known?.commit === commit && text !== undefined ? { text } : {}
}
