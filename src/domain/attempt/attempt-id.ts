/** Which attempt: the n-th try of a task, counted from 1. */
export interface AttemptId {
  readonly taskId: string
  readonly attempt: number
}

export function isSameAttempt(a: AttemptId, b: AttemptId | undefined): boolean {
  return a.taskId === b?.taskId && a.attempt === b.attempt
}
