import type { Resumption } from '../../domain/run/reconcile.js'
import { defaultPriority, type Task } from '../../domain/roadmap/task.js'
import { knownText, type OpenAttempt } from '../../domain/run/task-progress.js'
import type { Isolation } from '../place/isolation.js'
import type { Recorder } from '../recorder.js'
import { recordHarvest, recordKept } from './settle.js'
import type { AttemptOf } from '../attempt-of.js'

/** What is to be made good before a run goes on. */
export interface Arrears {
  readonly resumptions: ReadonlyMap<string, Resumption>
  /** Attempts that do not go on, whose work is still in their workspaces. */
  readonly salvage: readonly { readonly taskId: string; readonly past: OpenAttempt }[]
  /** Work on its ref that was done for another text than the task has now, and does not land. */
  readonly outdated: readonly Outdated[]
}

export interface Outdated {
  readonly taskId: string
  readonly attempt: number
  readonly commit: string
  readonly ref: string
  readonly base?: string
}

const oldText = 'work for an earlier text of the task'

interface CatchUpParts {
  readonly recorder: Recorder
  readonly isolation: Isolation
  readonly signal: AbortSignal
  readonly tasks: ReadonlyMap<string, Task>
}

/** Records what the run had done and could not tell any more, and collects what it left and does not go on with. */
export async function catchUpOn({ resumptions, salvage, outdated }: Arrears, parts: CatchUpParts): Promise<void> {
  const { recorder } = parts
  for (const [taskId, resumption] of resumptions) {
    if (resumption.type !== 'landed') continue
    const { attempt, commit, previous } = resumption
    void recorder.record({ type: 'task_integrated', taskId, attempt, commit, previous })
    void recorder.record({ type: 'task_done', taskId, attempt, how: 'integrated' })
  }
  for (const { taskId, past } of salvage) {
    if (parts.signal.aborted) return
    const title = recorder.state.tasks.get(taskId)?.title ?? taskId
    const task = parts.tasks.get(taskId) ?? goneTask(taskId, title)
    const { attempt, agent } = past
    const text = knownText(past)
    await collectLeft({ task, attempt, agent, ...(text === undefined ? {} : { text }) }, past, parts)
  }
  for (const { taskId, attempt, base, ...kept } of outdated)
    void recorder.record({
      ...{ type: 'commit_kept', taskId, attempt, ...kept, why: oldText },
      ...(base === undefined ? {} : { base }),
    })
}

/** Nothing that an agent did is lost, also of an attempt that nobody goes on with. */
export async function collectLeft(
  of: AttemptOf,
  past: OpenAttempt,
  { recorder, isolation }: Pick<CatchUpParts, 'recorder' | 'isolation'>,
): Promise<void> {
  const { task, attempt } = of
  const before = { past, stands: true, resumes: recorder.state.resumes }
  const reopened = await isolation.reopen(of, before)
  if (!reopened.ok) {
    const text = `${task.id}: what attempt ${attempt} left is not collected: ${reopened.error.message}`
    void recorder.record({ type: 'notice', level: 'warning', text })
    return
  }
  const { open, stands } = reopened.value
  if (stands) {
    const harvest = await open.harvest()
    recordHarvest(recorder, of, harvest, past.base)
    if (harvest.type === 'candidate') {
      const { ref, commit, base } = harvest
      recordKept(recorder, of, { ref, commit, why: 'the unfinished work of an attempt that was broken off' }, base)
    }
  }
  open.close()
}

/** A task that the roadmap has not any more: only its id and its title are of interest now. */
function goneTask(id: string, title: string): Task {
  return {
    ...{ id, title, status: 'pending', description: '', dependencies: [], priority: defaultPriority },
    ...{ complexity: 'moderate', exitCriteria: [], contextFiles: [], verify: [], expects: 'change' },
    ...{ executionMode: 'autonomous', groups: [], position: { file: '', line: 1, column: 1 }, path: '' },
  }
}
