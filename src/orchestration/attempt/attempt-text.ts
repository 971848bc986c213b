import type { Task } from '../../domain/roadmap/task.js'
import { textOf } from '../../domain/roadmap/task-text.js'
import { digestOf } from '../../platform/files/digest.js'
import type { AttemptSettings } from './turn.js'

/** The digest of what an agent that begins the task is told. */
export function attemptText(task: Task, { template }: Pick<AttemptSettings, 'template'>): string {
  return textOf(task, template, digestOf)
}
