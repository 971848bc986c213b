import type { TaskId } from '../domain/brand.js'

/** Why a reservation came to nothing; the message is for people. */
export class ReservationError extends Error {
  override readonly name = 'ReservationError'
  constructor(
    /** `stopped`: the pool is drained, nothing starts any more in this run. */
    readonly reason: 'aborted' | 'unservable' | 'stopped',
    message: string,
  ) {
    super(message)
  }
}

export function withdrawn(taskId: TaskId): ReservationError {
  return new ReservationError('aborted', `the reservation of ${taskId} was withdrawn`)
}

/** `provider`: the one that the task asks for, if it asks for one. */
export function unservable(taskId: TaskId, providers: readonly string[] | undefined): ReservationError {
  const asked = providers === undefined ? '' : `, which asks for ${providers.join(' or ')}`
  return new ReservationError('unservable', `no usable provider for ${taskId}${asked}`)
}
