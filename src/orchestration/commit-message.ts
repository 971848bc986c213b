import type { Mask } from '../domain/mask.js'
import { safeName } from '../domain/name.js'
import { formatProviderModel, type ProviderModel } from '../domain/provider-model.js'
import type { Task } from '../domain/task.js'
import { cleanLine, cleanName } from '../domain/text.js'

export interface CommitFacts {
  readonly task: Task
  readonly runId: string
  readonly attempt: number
  readonly agent: ProviderModel
  readonly mask: Mask
}

/** The trailer that says whose work a landed commit is. */
export const taskTrailer = 'Autopilot-Task'

/**
 * A task's id as its trailer has it: on one line, and another one for another id; by it a later run knows what has
 * landed.
 */
export function taskTrailerValue(taskId: string): string {
  const shown = cleanName(taskId)
  // git takes the blanks off a value.
  return shown === taskId && shown === shown.trim() ? taskId : `${shown.trim()} (${safeName(taskId)})`
}

/** Subject from the task's title, without secrets, and the trailers by which a landed commit names its attempt. */
export function commitMessage({ task, runId, attempt, agent, mask }: CommitFacts): string {
  const subject = cleanLine(mask.text(task.title), 72) || cleanLine(task.id, 72) || 'Task'
  const trailers = [
    `${taskTrailer}: ${taskTrailerValue(task.id)}`,
    `Autopilot-Run: ${runId}`,
    `Autopilot-Attempt: ${attempt}`,
    `Autopilot-Agent: ${cleanLine(formatProviderModel(agent), 100)}`,
  ]
  return `${subject}\n\n${trailers.join('\n')}\n`
}
