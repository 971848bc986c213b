import { objectsAt, stringAt, type JsonObject } from '../adapter/json.js'

/** The answer to a request for a permission, and whether it gives it. */
export interface PermissionAnswer {
  readonly isGiven: boolean
  readonly result: JsonObject
}

/**
 * Nobody is there who could be asked. What an agent may do its CLI enforces by the rules that it was started with, so
 * whatever it asks for is more than that: only an agent with full permissions gets it, once.
 */
export function answerPermission(params: JsonObject, isFull: boolean): PermissionAnswer {
  const options = objectsAt(params, 'options')
  const wanted = isFull ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always']
  const chosen = wanted
    .map((kind) => options.find((option) => stringAt(option, 'kind') === kind))
    .map((option) => stringAt(option, 'optionId'))
    .find((id) => id !== undefined)
  // Without a fitting option, it is as if the turn had been canceled.
  if (chosen === undefined) return canceledPermission
  return { isGiven: isFull, result: { outcome: { outcome: 'selected', optionId: chosen } } }
}

export const canceledPermission: PermissionAnswer = {
  isGiven: false,
  result: { outcome: { outcome: 'cancelled' } },
}
