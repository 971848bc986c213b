import type { CommitId, TaskId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { present } from '../../domain/present.js'
import { gatesOf, mergeGates, type Gate } from '../../domain/landing/gate.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { GatedTree, Judgement, Verifier } from '../../verify/verifier.js'
import type { Repository } from '../../workspace/contract.js'
import { gitFailed } from '../../workspace/git/git-failed.js'
import { pathText } from '../../workspace/git-path.js'
import { singleParent, stack } from '../../workspace/land/stack.js'
import { diffText } from '../../workspace/repair/catch-up.js'
import { leftMarkers, newMarkers, type MarkerWatch } from '../../workspace/repair/conflict-markers.js'
import type { Attempt } from '../../domain/attempt/attempt.js'
import type { BaseWatch } from '../landing/base-watch.js'
import type { Gating } from '../landing/gating.js'
import type { Integrate } from '../landing/merge-queue.js'
import type { CandidateDesk, Harvested } from './isolation.js'

export interface DeskParts {
  readonly repository: Repository
  readonly verifier: Verifier
  readonly checkOut: Gating['checkOut']
  /** What every candidate must pass, before its own task's gates. */
  readonly gates: readonly Gate[]
  readonly base: Pick<BaseWatch, 'passed' | 'mayBlame'>
  /** `together`: the other tasks whose candidates are in the judged tree, before this one. */
  readonly onJudged: (attempt: Attempt, judgement: Judgement, together: readonly TaskId[]) => void
  /** Gates begin to judge the attempt's work. */
  readonly onGates: (attempt: Attempt) => void
  readonly integrate: Integrate
  /** The target's tip, as it is now. */
  readonly tip: () => CommitId
  /** The target's short name. */
  readonly branch: string
  readonly onLanded: (attempt: Attempt) => void
}

/** What happens to an attempt's candidates. `watch`: where conflicts may have left markers so far. */
export function candidateDesk(
  attempt: Attempt,
  message: string,
  watch: () => MarkerWatch,
  parts: DeskParts,
): CandidateDesk {
  const { repository } = parts
  return {
    async judge(candidate, unwanted) {
      const clear = await checkMarkers(repository, candidate, watch())
      if (!clear.ok) return clear
      parts.onGates(attempt)
      const judged = await verifyAlone(attempt, candidate, { message, unwanted }, parts)
      if (judged.ok) parts.base.passed()
      return judged
    },
    async show({ commit, tree, base }) {
      const checkout = await parts.checkOut(commit)
      if (!checkout.ok) return checkout
      const whole = `git diff ${base} HEAD`
      return ok({ ...checkout.value, diff: (most: number) => diffText(repository, base, tree, { most, whole }) })
    },
    async land(candidate, unwanted) {
      const clear = await checkMarkers(repository, candidate, watch())
      if (!clear.ok) return clear
      const { task } = attempt
      const landed = await parts.integrate({
        ...{ ...toLand(candidate, message), ...attempt.id, priority: task.priority, ...present({ unwanted }) },
        gates: mergeGates(parts.gates, gatesOf(task)),
        onGates: () => parts.onGates(attempt),
        onJudged: (judgement, together) => parts.onJudged(attempt, judgement, together),
      })
      if (landed.ok) parts.onLanded(attempt)
      return landed
    },
  }
}

function toLand({ commit, tree, parents, base }: Harvested, message: string) {
  return { candidate: commit, made: { tree, parents }, base, message }
}

/**
 * Judges work alone. If it perhaps fails only because its base does, it is judged once more on the target's current
 * tip, if that differs.
 */
async function verifyAlone(
  attempt: Attempt,
  candidate: Harvested,
  { message, unwanted }: { readonly message: string; readonly unwanted: AbortSignal | undefined },
  parts: DeskParts,
): Promise<Result<void, Failure>> {
  const { base } = candidate
  const own = await verify(attempt, candidate, unwanted, parts)
  if (own.ok || own.error.kind !== 'gate_failed') return own
  const tip = parts.tip()
  if (tip === base || !parts.base.mayBlame(own.error, base)) return err({ ...own.error, on: base })
  const single = await singleParent(parts.repository, toLand(candidate, message))
  if (!single.ok) return gitFailed(single.error)
  const alone = { single: single.value, base, message }
  const { members, left } = await stack(parts.repository, { tip, branch: parts.branch }, [alone])
  const [member] = members
  if (!member) return err(left[0]?.failure ?? own.error)
  const judged = await verify(attempt, member.ready, unwanted, parts)
  return judged.ok ? judged : err({ ...judged.error, on: tip })
}

/** Judges work alone, before a reviewer sees it. As before an eviction from the merge queue, failed gates run twice. */
async function verify(
  attempt: Attempt,
  ready: GatedTree,
  unwanted: AbortSignal | undefined,
  parts: DeskParts,
): Promise<Result<void, Failure>> {
  const { task } = attempt
  const gated = { ...ready, attempt: attempt.id }
  const gates = mergeGates(parts.gates, gatesOf(task))
  const onJudged = (judgement: Judgement) => parts.onJudged(attempt, judgement, [])
  const first = await parts.verifier.verify(gated, gates, onJudged, unwanted)
  const isFailed = !first.ok && first.error.kind === 'gate_failed'
  return isFailed ? parts.verifier.verifyAgain(gated, gates, onJudged, unwanted) : first
}

/** Conflict markers never land: a tree that still has some is refused before any gate. */
async function checkMarkers(
  repository: Repository,
  { tree, base }: Harvested,
  watch: MarkerWatch,
): Promise<Result<void, Failure>> {
  const left = await leftMarkers(repository, tree, base, watch)
  if (!left.ok) return gitFailed(left.error)
  const marked = left.value.length > 0 ? left : await newMarkers(repository, tree, base)
  if (!marked.ok) return gitFailed(marked.error)
  if (marked.value.length === 0) return ok(undefined)
  const paths = marked.value.slice(0, maxPaths).map(pathText)
  return err(failure('conflict', 'Conflict markers are left in the files.', { paths }))
}

const maxPaths = 100
