import { isSameAttempt, type AttemptId } from '../attempt/attempt.js'
import { present } from '../present.js'

/** Why a workspace may hold work which was never collected. */
export interface UncollectedWork {
  readonly why: string
  /** The attempt that worked there last; absent if unknown. */
  readonly whose?: AttemptId
  /** It stays for good, for a person to look at. */
  readonly isKept: boolean
}

/** By the workspace's path. */
export type Uncollected = Map<string, UncollectedWork>

/** A workspace holds an attempt's work from its start until the attempt has come to its end. */
export function workBegins(uncollected: Uncollected, path: string | undefined, { taskId, attempt }: AttemptId): void {
  if (path === undefined || path === '') return
  const isKept = uncollected.get(path)?.isKept === true
  const why = `${taskId} attempt ${attempt} was not collected`
  uncollected.set(path, { why, whose: { taskId, attempt }, isKept })
}

/** Told after collecting. A workspace that was handed on while the attempt waited to land holds another one's work now. */
export function workEnds(uncollected: Uncollected, attempt: AttemptId): void {
  for (const [path, { whose, isKept }] of uncollected)
    if (!isKept && isSameAttempt(attempt, whose)) uncollected.delete(path)
}

/** The workspace could not be collected from. `collectsAgain`: a resumed run tries once more. */
export function workStays(
  uncollected: Uncollected,
  { path, why, collectsAgain }: { readonly path: string; readonly why: string; readonly collectsAgain?: boolean },
): void {
  const known = uncollected.get(path)
  const isKept = known?.isKept === true || collectsAgain !== true
  uncollected.set(path, { why, isKept, ...present({ whose: known?.whose }) })
}

/** Whether what a workspace holds is this attempt's, to be collected. */
export function isWorkOf(uncollected: Uncollected, path: string, attempt: AttemptId): boolean {
  const work = uncollected.get(path)
  return work !== undefined && !work.isKept && isSameAttempt(attempt, work.whose)
}
