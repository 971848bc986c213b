import { statusRuns, statusSatisfies, type Group, type Task, type TaskStatus } from './task.js'

/** Why a task cannot or shall not start. */
export type HoldReason =
  /**
   * Its status in the file, or that of a group around it, puts it on hold. A person's decision; `inRun`: taken after the
   * run had begun.
   */
  | { readonly type: 'status'; readonly status: TaskStatus; readonly group?: string; readonly inRun?: true }
  /** A person took it out of the file after the run had begun. */
  | { readonly type: 'removed' }
  /** `execution_mode: manual`: a person's work. */
  | { readonly type: 'manual' }
  /** It depends on an id that exists nowhere. */
  | { readonly type: 'unresolved'; readonly refs: readonly string[] }
  /**
   * It waits, directly or through others, for tasks that will not be done in this run; `byPerson` when nothing but
   * holds of a person is in the way.
   */
  | { readonly type: 'dependency'; readonly taskIds: readonly string[]; readonly byPerson: boolean }
  /** It asks for gates, which need workspaces: without isolation there is no clean tree to judge. */
  | { readonly type: 'verify' }
  /** Nothing is left that could run it: its providers are out, or no workspace can be made. */
  | { readonly type: 'unservable'; readonly message: string }
  /** `--only` or `--limit` left out what it depends on. */
  | { readonly type: 'not_selected'; readonly taskIds: readonly string[] }

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
