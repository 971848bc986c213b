import type { TaskId } from '../../domain/brand.js'
import type { AttemptId } from '../../domain/attempt/attempt.js'
import type { Failure } from '../../domain/agent/failure.js'
import { mergeGates, type Gate } from '../../domain/landing/gate.js'
import type { Result } from '../../domain/result.js'
import type { Judgement, Verifier } from '../../verify/verifier.js'
import type { Ready } from '../../workspace/land/stack.js'

/** What judging must know of a candidate in a batch. */
export interface Judgeable extends AttemptId {
  /** What its tree must pass, and every tree that it is in before it has landed. */
  readonly gates: readonly Gate[]
  /** Its gates begin. */
  readonly onGates: () => void
  /** Hears of verdicts on the trees whose last candidate this is; `together`: the tasks of the others in the tree. */
  readonly onJudged: (judgement: Judgement, together: readonly TaskId[]) => void
}

/** A candidate in the batch, and the commit of it and all before it. */
export interface Member {
  readonly candidate: Judgeable
  readonly ready: Ready
}

/** Judges the tree with all of these, each on top of those before it; there is at least one. */
export function judgePrefix(
  verifier: Pick<Verifier, 'verify' | 'verifyAgain'>,
  members: readonly Member[],
  how: 'verify' | 'verifyAgain',
  unwanted?: AbortSignal,
): Promise<Result<void, Failure>> {
  const last = members.at(-1)
  if (!last) throw new Error('a tree without candidates is not to be judged')
  const taskIds = members.map(({ candidate }) => candidate.taskId)
  const together = taskIds.slice(0, -1)
  const { taskId, attempt } = last.candidate
  const judged = { ...last.ready, attempt: { taskId, attempt }, taskIds }
  const onJudged = (judgement: Judgement) => last.candidate.onJudged(judgement, together)
  return verifier[how](judged, gatesOf(members), onJudged, unwanted)
}

/** The prefixes whose verdict is known, so that judging them runs nothing. */
export function knownPrefixes(verifier: Pick<Verifier, 'known'>, members: readonly Member[]): readonly number[] {
  return members.flatMap(({ ready }, index) => {
    const known = verifier.known(ready.tree, gatesOf(members.slice(0, index + 1)))
    return known === undefined ? [] : [index + 1]
  })
}

/** How many trees of a batch can be judged at once, when each is judged by all its gates at once. */
export function treesAtOnce(members: readonly Member[], gateJobs: number): number {
  return Math.max(1, Math.floor(gateJobs / Math.max(1, gatesOf(members).length)))
}

/** Of a tree with several candidates: the gates of everybody and those of each of its tasks. */
function gatesOf(members: readonly Member[]): readonly Gate[] {
  return members.map(({ candidate }) => candidate.gates).reduce<readonly Gate[]>(mergeGates, [])
}
