import type { CommitId, TaskId } from '../../brand.js'
import { failureShape } from '../../agent/failure.js'
import { holdShape } from '../../roadmap/hold.js'
import { as, mark, name, number, oneOf, optional, text, variant } from '../../shape/shape.js'
import { ofAttempt } from './of-attempt.js'

const taskId = name<TaskId>('The task.')
const holds = optional(number('How many dependents are held, too; each has its own event.'))

export const taskEvents = {
  task_queued: variant('A task waits for a slot: for an attempt, or for a repair round of one.', ofAttempt),
  task_held: variant('A task cannot start, or a person has put it on hold.', {
    taskId,
    reason: as(holdShape, 'Why.'),
    holds,
  }),
  task_integrated: variant('Work of a task landed on the target.', {
    ...ofAttempt,
    commit: name<CommitId>('The commit with the work.'),
    previous: name<CommitId>('The tip of the target before.'),
  }),
  task_done: variant('A task is done.', {
    ...ofAttempt,
    how: oneOf(
      ['integrated', 'unchanged', 'in_place'],
      'Its work landed, no change was needed, or the work is in the files (in place).',
    ),
  }),
  task_failed: variant('A task failed for good.', {
    taskId,
    attempts: number('How many attempts were made.'),
    failure: as(failureShape, 'Why the last one failed.'),
    holds,
  }),
  task_canceled: variant('A task was canceled with the run.', { taskId }),
  roadmap_written: variant('The roadmap says that a task is done.', { taskId }),
  roadmap_not_written: variant('Recorded at the end: a task is done, but the roadmap does not say so.', {
    taskId,
    why: text('Why not.'),
    help: optional(text('What a person can do.')),
  }),
  workspace_kept: variant('A workspace stays on disk as it is.', {
    path: name('Where.'),
    why: text('Why.'),
    collectsAgain: mark('Its content is fine: `autopilot resume` collects from it.'),
  }),
}
