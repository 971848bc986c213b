import type { TaskId } from '../brand.js'
import type { RecordOf } from './event.js'
import { addRefusal } from '../agent/refusal.js'
import type { TaskRecord } from './task-record.js'

type Tasks = Map<TaskId, TaskRecord>

/** A task's record when its next attempt begins: what was recorded is about the last one. */
export function withoutNotes(task: TaskRecord): TaskRecord {
  const begun = { ...task }
  delete begun.refusals
  delete begun.approvals
  delete begun.leftovers
  delete begun.ignored
  return begun
}

/** They were about other work. */
export function forgetApprovals(tasks: Tasks, { taskId }: { readonly taskId: TaskId }): void {
  const task = tasks.get(taskId)
  if (!task?.approvals) return
  const next = { ...task }
  delete next.approvals
  tasks.set(taskId, next)
}

/** One that says nothing is worth no word. */
export function noteApproval(tasks: Tasks, { taskId, gate, verdict, by }: RecordOf<'gate_judged'>): void {
  const task = tasks.get(taskId)
  if (!task || !by || verdict !== 'passed' || by.reasons.length === 0) return
  const others = (task.approvals ?? []).filter((one) => one.gate !== gate)
  tasks.set(taskId, { ...task, approvals: [...others, { gate, by: by.agent, reasons: by.reasons }] })
}

/** What a reviewer was refused is nothing that the work lacks. */
export function noteRefusal(tasks: Tasks, { taskId, review, event }: RecordOf<'agent_reported'>): void {
  const task = tasks.get(taskId)
  if (!task || review !== undefined || event.type !== 'denied') return
  tasks.set(taskId, { ...task, refusals: addRefusal(task.refusals ?? [], event) })
}

/** The agent of a repair round for refusals is told what is allowed instead; otherwise it would be refused again. */
export function markRefusalsRepaired(
  tasks: Tasks,
  { type, taskId, reason }: RecordOf<'repair_started' | 'finishing_started'>,
): void {
  const task = tasks.get(taskId)
  if (type !== 'repair_started' || reason.kind !== 'refused' || !task?.refusals) return
  const refusals = task.refusals.map((one) => ({ ...one, isRepaired: true }) as const)
  tasks.set(taskId, { ...task, refusals })
}

/** What its agents left running and was ended; a reviewer's is not the task's. */
export function noteLeftovers(tasks: Tasks, { taskId, review, what }: RecordOf<'leftovers_ended'>): void {
  const task = tasks.get(taskId)
  if (!task || review !== undefined) return
  const leftovers = [...new Set([...(task.leftovers ?? []), ...what])].slice(0, maxLeftovers)
  tasks.set(taskId, { ...task, leftovers })
}

const maxLeftovers = 20

/** Each round tells all that there is by then. */
export function noteIgnored(tasks: Tasks, { taskId, paths, copies }: RecordOf<'ignored_written'>): void {
  const task = tasks.get(taskId)
  if (!task) return
  tasks.set(taskId, { ...task, ignored: { paths, ...(copies === undefined ? {} : { copies }) } })
}
