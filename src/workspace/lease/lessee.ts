import type { AttemptId } from '../../domain/attempt/attempt.js'
import { safeName } from '../../domain/name.js'

/** Who has a workspace: an attempt, or gates, for their n-th checkout. */
export type Lessee = AttemptId | { readonly checkout: number }

/** The branch that the workspace is on: for an attempt, its task branch. */
export function branchOf(lessee: Lessee): string {
  if ('checkout' in lessee) return `autopilot/gate-${lessee.checkout}`
  return `autopilot/${safeName(lessee.taskId)}-${lessee.attempt}`
}
