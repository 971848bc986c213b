import type { RunId } from '../../domain/brand.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { formatProviderModel } from '../../domain/agent/provider-model.js'
import { ownText } from '../../domain/roadmap/task-text.js'
import { taskTrailerValue } from '../../domain/roadmap/task-trailer.js'
import { cleanLine } from '../../domain/text.js'
import type { Attempt } from '../../domain/attempt/attempt.js'

export interface CommitFacts extends Attempt {
  readonly runId: RunId
  readonly mask: Mask
}

/** The trailer that says whose work a landed commit is. */
export const taskTrailer = 'Autopilot-Task'

/** The trailer with the digest of the words that it was done by: another text under the same id is another task. */
export const textTrailer = 'Autopilot-Text'

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
