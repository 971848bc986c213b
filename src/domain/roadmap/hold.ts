import type { TaskId } from '../brand.js'
import { actorShape } from '../actor.js'
import {
  as,
  flag,
  mark,
  moment,
  name,
  names,
  oneOf,
  optional,
  text,
  titled,
  union,
  variant,
  type ValueOf,
} from '../shape/shape.js'
import { statusRuns, statusSatisfies, taskStatuses, type Group, type Task } from './task.js'

/** Why a task cannot or shall not start. */
export const holdShape = titled(
  'hold reason',
  union({
    status: variant('Its status in the file, or that of a group around it, puts it on hold; a person decided that.', {
      status: oneOf(taskStatuses, 'The status.'),
      group: optional(name('The group whose status it is.')),
      inRun: mark('It was set after the run had begun.'),
    }),
    removed: variant('A person removed it from the file after the run had begun.', {}),
    manual: variant('`execution_mode: manual`: a person does it.', {}),
    unresolved: variant('It depends on an unknown id.', { refs: names('Such ids.') }),
    dependency: variant('It depends, directly or through others, on tasks that will not be done in this run.', {
      taskIds: names<TaskId>('Its direct dependencies among them.'),
      byPerson: flag('Only holds by a person are in the way.'),
    }),
    verify: variant('It has gates, and they need workspaces: without isolation there is no clean tree to judge.', {}),
    unservable: variant('Nothing is left that could run it: its providers are out, or no workspace can be created.', {
      message: text('Why.'),
    }),
    canceled: variant('A person canceled it during the run; `resume --only` runs it.', {
      by: as(actorShape, 'Who did it.'),
      at: moment('When, epoch ms.'),
    }),
    not_selected: variant('`--only` or `--limit` left out what it depends on.', {
      taskIds: names<TaskId>('What that is.'),
    }),
  }),
)
export type HoldReason = ValueOf<typeof holdShape>

/** A hold that a person has decided on: the run can end well without the task. All other holds count as not done. */
export function isPersonsHold(reason: HoldReason): boolean {
  const { type } = reason
  return type === 'status' || type === 'removed' || type === 'manual' || (type === 'dependency' && reason.byPerson)
}

/**
 * Why this task may not start whatever the others do; undefined when only its dependencies matter. `gates`: whether
 * this run can judge what lands.
 */
export function ownHold(
  task: Task,
  unresolvedRefs: readonly string[],
  groups: ReadonlyMap<string, Group>,
  gates: boolean,
): HoldReason | undefined {
  if (statusSatisfies(task.status)) return undefined
  if (!statusRuns(task.status)) return { type: 'status', status: task.status }
  for (const id of task.groups) {
    const status = groups.get(id)?.status
    if (status === 'on_hold' || status === 'canceled') return { type: 'status', status, group: id }
  }
  if (task.executionMode === 'manual') return { type: 'manual' }
  if (unresolvedRefs.length > 0) return { type: 'unresolved', refs: unresolvedRefs }
  if (!gates && task.verify.some((entry) => entry.run !== undefined)) return { type: 'verify' }
  return undefined
}
