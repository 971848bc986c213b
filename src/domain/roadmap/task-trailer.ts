import type { TaskId, TaskTrailer } from '../brand.js'
import { safeName } from '../name.js'
import { cleanName } from '../text.js'

/**
 * A task's id as its trailer has it: on one line, and another one for another id; by it a later run knows what has
 * landed.
 */
export function taskTrailerValue(taskId: TaskId): TaskTrailer {
  const shown = cleanName(taskId)
  // git takes the blanks off a value.
  const isAsWritten = shown === taskId && shown === shown.trim() && !namedInBrackets.test(taskId)
  const value: string = isAsWritten ? taskId : `${shown.trim()} (${safeName(taskId)})`
  return value as TaskTrailer
}

/** The name that the refs of a trailer's task have, see {@link safeName}. */
export function safeNameOf(trailer: TaskTrailer): string {
  return namedInBrackets.exec(trailer)?.[1] ?? safeName(trailer)
}

/** What an id that a trailer can't have as it is written ends with there. */
const namedInBrackets = /(?:^| )\(([a-z0-9-]+-[0-9a-f]{12})\)$/
