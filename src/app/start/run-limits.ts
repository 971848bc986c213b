import type { Task } from '../../domain/roadmap/task.js'
import { slotId } from '../../domain/agent/work-number.js'
import type { RunSettings } from '../../config/settings.js'

/** So many attempts in all a task has at least, unless fewer are asked for. */
const fewestInAll = 10

/** Attempts of a task in all, whatever ended them and however often the run is resumed. */
export function maxTotalAttemptsOf({ maxTotalAttempts, iterations }: RunSettings): number {
  return maxTotalAttempts ?? Math.max(fewestInAll, iterations)
}

/** Attempts that a task has: its own number, which only lowers that of the run. */
export function maxAttemptsOf({ iterations }: RunSettings, task: Task | undefined): number {
  return Math.min(task?.maxAttempts ?? iterations, iterations)
}

export function slotIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => slotId(index + 1))
}
