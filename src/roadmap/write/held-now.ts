import type { TaskId } from '../../domain/brand.js'
import { ownHold, type HoldReason } from '../../domain/roadmap/hold.js'
import type { ParsedRoadmap } from '../formats/contract.js'

/** What a person holds by now, by task: for a run that has begun already. */
export function heldNow({ roadmap, problems }: ParsedRoadmap): ReadonlyMap<TaskId, HoldReason> {
  const held = new Map<TaskId, HoldReason>()
  if (!roadmap) return held
  const groups = new Map(roadmap.groups.map((group) => [group.id, group]))
  const unread = new Set(problems.flatMap(({ code, path }) => (isUnread(code) && path !== undefined ? [path] : [])))
  for (const task of roadmap.tasks) {
    // Whoever sets a status by hand means that something is not as it was, also where the word is misspelt.
    if (unread.has(`${task.path}.status`)) held.set(task.id, { type: 'status', status: 'on_hold', inRun: true })
    else if (task.status !== 'pending' && task.status !== 'in_progress')
      held.set(task.id, { type: 'status', status: task.status, inRun: true })
    else {
      const reason = ownHold(task, [], groups, true)
      if (reason) held.set(task.id, reason.type === 'status' ? { ...reason, inRun: true } : reason)
    }
  }
  return held
}

/** A status that is no known word. */
function isUnread(code: string): boolean {
  return code === 'E041' || code === 'E042'
}
