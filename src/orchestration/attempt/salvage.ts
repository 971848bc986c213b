import type { CommitId, RefName, TaskId } from '../../domain/brand.js'
import type { AttemptId } from '../../domain/attempt/attempt.js'
import { knownText } from '../../domain/attempt/course.js'
import { present } from '../../domain/present.js'
import { defaultPriority, type Task } from '../../domain/roadmap/task.js'
import type { Continuation, Resumption } from '../../domain/run/reconcile.js'
import type { Isolation } from '../place/isolation.js'
import type { Recorder } from '../recorder.js'
import { recordHarvest, recordKept } from './harvest.js'

/** What is to be made good before a run goes on. */
export interface Arrears {
  readonly resumptions: ReadonlyMap<TaskId, Resumption>
  /** Attempts that don't continue, whose work is still in their workspaces. */
  readonly salvage: readonly Salvage[]
  /** Work on its ref that was done for another text than the task has now, and does not land. */
  readonly outdated: readonly Outdated[]
}

export type Salvage = Pick<Continuation, 'course' | 'stands'> & { readonly taskId: TaskId }

export interface Outdated extends AttemptId {
  readonly commit: CommitId
  readonly ref: RefName
  readonly base?: CommitId
}

const oldText = 'work for an earlier text of the task'

interface SalvageParts {
  readonly recorder: Recorder
  readonly isolation: Isolation
}

interface CatchUpParts extends SalvageParts {
  readonly signal: AbortSignal
  readonly tasks: ReadonlyMap<TaskId, Task>
}

/** Records what the run had done but could no longer record, and collects what it left and doesn't continue. */
export async function catchUpOn({ resumptions, salvage, outdated }: Arrears, parts: CatchUpParts): Promise<void> {
  const { recorder } = parts
  for (const [taskId, resumption] of resumptions) {
    if (resumption.type !== 'landed') continue
    const { attempt, commit, previous } = resumption
    void recorder.record({ type: 'task_integrated', taskId, attempt, commit, previous })
    void recorder.record({ type: 'task_done', taskId, attempt, how: 'integrated' })
  }
  for (const one of salvage) {
    if (parts.signal.aborted) return
    const title = recorder.state.tasks.get(one.taskId)?.title ?? one.taskId
    await collectLeft(parts.tasks.get(one.taskId) ?? removedTask(one.taskId, title), one, parts)
  }
  for (const one of outdated) void recorder.record({ type: 'commit_kept', ...one, why: oldText })
}

/** No agent's work is lost, not even of an attempt that isn't continued. */
export async function collectLeft(
  task: Task,
  { course, stands }: Pick<Continuation, 'course' | 'stands'>,
  { recorder, isolation }: SalvageParts,
): Promise<void> {
  const { agent } = course
  const id = { taskId: task.id, attempt: course.attempt }
  const attempt = { id, task, agent, ...present({ text: knownText(course) }) }
  const opened = await isolation.open(attempt, { course, stands, resumes: recorder.state.resumes })
  if (!opened.ok) {
    void recorder.record({ type: 'work_not_collected', ...id, failure: opened.error })
    return
  }
  const { place } = opened.value
  if (opened.value.stands) {
    const harvest = await place.harvest()
    recordHarvest(recorder, id, harvest, course.base)
    if (harvest.type === 'candidate') {
      const { ref, commit, base } = harvest
      recordKept(recorder, id, { ref, commit, why: 'the unfinished work of an interrupted attempt' }, base)
    }
  }
  place.close()
}

/** A task that the roadmap has not any more: only its id and its title are of interest now. */
function removedTask(id: TaskId, title: string): Task {
  return {
    ...{ id, title, status: 'pending', description: '', dependencies: [], priority: defaultPriority },
    ...{ complexity: 'moderate', exitCriteria: [], contextFiles: [], verify: [], expects: 'change' },
    ...{ executionMode: 'autonomous', groups: [], position: { file: '', line: 1, column: 1 }, path: '' },
  }
}
