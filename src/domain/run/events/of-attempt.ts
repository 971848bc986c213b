import type { TaskId } from '../../brand.js'
import { name, number, optional } from '../../shape/shape.js'

/** One task's n-th try. */
export const ofAttempt = {
  taskId: name<TaskId>('The task.'),
  attempt: number('Its attempt, counted from 1.'),
}

/** What an agent does for an attempt: its work, or a review of that work. */
export const ofAgent = {
  ...ofAttempt,
  review: optional(
    number('Present if the agent reviews the work: the number of the review, counted from 1 within the attempt.'),
  ),
}
