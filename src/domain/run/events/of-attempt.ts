import { name, number, optional } from '../../shape/shape.js'

/** One task's n-th try. */
export const ofAttempt = {
  taskId: name('The task.'),
  attempt: number('Its attempt, counted from 1.'),
}

/** What an agent does for an attempt: its work, or a review of that work. */
export const ofAgent = {
  ...ofAttempt,
  review: optional(number('The agent reviews the work: its number, counted from 1 within the attempt.')),
}
