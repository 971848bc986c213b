import type { Mask } from '../../domain/secrets/mask.js'
import { safeName } from '../../domain/name.js'
import { formatProviderModel } from '../../domain/agent/provider-model.js'
import { ownText } from '../../domain/roadmap/task-text.js'
import { cleanLine, cleanName } from '../../domain/text.js'
import type { Attempt } from '../../domain/attempt/attempt.js'

export interface CommitFacts extends Attempt {
  readonly runId: string
  readonly mask: Mask
}

/** The trailer that says whose work a landed commit is. */
export const taskTrailer = 'Autopilot-Task'

/** The trailer with the digest of the words that it was done by: another text under the same id is another task. */
export const textTrailer = 'Autopilot-Text'

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
export function commitMessage({ id, task, runId, agent, mask, text }: CommitFacts): string {
  const subject = cleanLine(mask.text(task.title), 72) || cleanLine(task.id, 72) || 'Task'
  const trailers = [
    `${taskTrailer}: ${taskTrailerValue(task.id)}`,
    ...(text === undefined ? [] : [`${textTrailer}: ${ownText(text)}`]),
    `Autopilot-Run: ${runId}`,
    `Autopilot-Attempt: ${id.attempt}`,
    `Autopilot-Agent: ${cleanLine(formatProviderModel(agent), 100)}`,
  ]
  return `${subject}\n\n${trailers.join('\n')}\n`
}
