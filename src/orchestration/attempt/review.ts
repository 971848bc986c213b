import { msBetween } from '../../domain/clock.js'
import type { MonotonicMs } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import type { Attempt, AttemptId } from '../../domain/attempt/attempt.js'
import { formatProviderModel, type ProviderModel } from '../../domain/agent/provider-model.js'
import { err, ok, type Result } from '../../domain/result.js'
import { nextReviewer, reviewersFor, reviewKey, type Review, type ReviewAnswer } from '../../domain/landing/review.js'
import type { NoSlot } from '../../domain/attempt/end.js'
import type { Task } from '../../domain/roadmap/task.js'
import { cleanLine } from '../../domain/text.js'
import { renderReview } from '../../prompt/review.js'
import { readReviewAnswer, reviewSchema } from '../../providers/review-answer.js'
import type { Harvested, OpenPlace, ReviewWork, Shown } from '../place/isolation.js'
import { runAgent } from '../agent/run-agent.js'
import { onSlot, shown, type HeldSlot, type SlotSettings } from './turn.js'
import { ownDirectory } from '../agent/attempt-files.js'

export interface ReviewingParts extends SlotSettings {
  /** The names of the providers that are usable right now, best first. */
  readonly usable: () => readonly string[]
  /** Waits for a slot for a review of the task's work. */
  readonly reserve: (task: Task, reviewer: ProviderModel) => Promise<HeldSlot | NoSlot>
}

/** How often an errored review is tried in all. */
const tries = 3
/** How much of the change the prompt shows; the reviewer can read the rest itself. */
const maxDiffChars = 30_000
const maxReasons = 20
const longestReason = 1_000

/**
 * Reviews for a run: after the commands, one after the other, each on a slot of the pool like any agent, and none
 * while the author's slot is held. Only an answer in the required form approves or rejects; anything else is errored.
 */
export function createReviewing(parts: ReviewingParts): ReviewWork {
  const known = new Map<string, ReviewAnswer>()
  const counts = new Map<string, number>()
  const nextNumber = ({ taskId, attempt }: AttemptId) => {
    const key = JSON.stringify([taskId, attempt])
    const number = (counts.get(key) ?? 0) + 1
    counts.set(key, number)
    return number
  }

  const ask = async (
    work: ReviewedWork,
    review: Review,
    reviewer: ProviderModel,
  ): Promise<Result<ReviewAnswer, Failure>> => {
    const { attempt, place, candidate } = work
    const checkout = await place.show(candidate)
    if (!checkout.ok) return checkout
    try {
      void parts.recorder.record({ type: 'review_queued', ...attempt.id, gate: review.name })
      const slot = await parts.reserve(attempt.task, reviewer)
      if ('reason' in slot)
        return err(slot.reason === 'unservable' ? failure('infrastructure', 'it is out for this run') : canceled)
      const number = nextNumber(attempt.id)
      return await answerOf(work, review, slot, checkout.value, number, parts).finally(slot.release)
    } finally {
      checkout.value.release()
    }
  }

  const judge = async (work: ReviewedWork, review: Review): Promise<Result<void, Failure>> => {
    const tried: ProviderModel[] = []
    for (;;) {
      const canReview = parts.usable().filter((name) => parts.findProvider(name)?.review)
      const candidates = reviewersFor(review, work.attempt.agent.provider, canReview)
      const reviewer = nextReviewer(candidates, tried)
      if (!reviewer) return err(failure('infrastructure', `No agent CLI is left for the review ${review.name}.`))
      const key = reviewKey(work.candidate.tree, work.attempt.id.taskId, review, reviewer)
      const remembered = known.get(key)
      const began = parts.clock.monotonic()
      const answer = remembered ? ok(remembered) : await ask(work, review, reviewer)
      const sitting = { review, reviewer, remembered: remembered !== undefined, since: began }
      if (answer.ok) {
        known.set(key, answer.value)
        return conclude(work, sitting, answer.value, parts)
      }
      if (answer.error.kind === 'canceled' || parts.signal.aborted) return err(canceled)
      tried.push(reviewer)
      if (tried.length === tries) return giveUp(work, sitting, answer.error, parts)
      const about = { ...work.attempt.id, gate: review.name, agent: reviewer }
      void parts.recorder.record({ type: 'review_unanswered', ...about, failure: answer.error })
    }
  }

  return async (attempt, place, candidate) => {
    for (const review of parts.reviews) {
      const judged = await judge({ attempt, place, candidate }, review)
      if (!judged.ok) return judged
    }
    return ok(undefined)
  }
}

/** What is reviewed. */
interface ReviewedWork {
  readonly attempt: Attempt
  readonly place: Pick<OpenPlace, 'show'>
  readonly candidate: Harvested
}

interface Sitting {
  readonly review: Review
  readonly reviewer: ProviderModel
  readonly remembered: boolean
  readonly since: MonotonicMs
}

const canceled = failure('canceled', 'The run ended before the review of the work.')

/** Runs the reviewer in a checkout and reads its answer. */
async function answerOf(
  { attempt: { id, task }, candidate: { base, tree } }: ReviewedWork,
  { name: gate, criteria, timeoutMs }: Review,
  slot: HeldSlot,
  checkout: Shown,
  number: number,
  parts: ReviewingParts,
): Promise<Result<ReviewAnswer, Failure>> {
  const { agent } = slot
  // Not the task's own budget: its work is finished, and must not be lost because of its review.
  const budget = parts.allowances.allowance(agent.provider)
  const { work, request } = onSlot(slot, id, { timeoutMs, budget }, parts)
  const { review } = work.provider
  if (!review) throw new Error(`the pool chose ${agent.provider}, which reviews nothing`)
  const started = { ...id, review: number, gate, slot: agent.id, agent: shown(agent), tree }
  void parts.recorder.record({ type: 'review_started', ...started })
  const prompt = renderReview({ task, criteria, base, diff: await checkout.diff(maxDiffChars) })
  const sitting = { ...work, review: number, base }
  const where = { cwd: checkout.root, ownDir: ownDirectory(sitting) }
  const assignment = { type: 'review', request: { ...request, ...where, prompt, schema: reviewSchema } } as const
  const end = await runAgent({ ...sitting, assignment }, parts, slot.release)
  if (end.failure?.kind === 'timeout') return err(failure('timeout', `it gave no answer within ${timeoutMs / 1000} s`))
  if (end.failure) return err(end.failure)
  const read = readReviewAnswer(review.answer(end.evidence))
  return read.ok ? ok(clean(read.value)) : err(failure('crash', read.error))
}

/** A reviewer's words are outside text. */
function clean({ verdict, reasons }: ReviewAnswer): ReviewAnswer {
  return { verdict, reasons: reasons.slice(0, maxReasons).map((reason) => cleanLine(reason, longestReason)) }
}

function conclude(
  work: ReviewedWork,
  sitting: Sitting,
  { verdict, reasons }: ReviewAnswer,
  parts: ReviewingParts,
): Result<void, Failure> {
  recordJudged(work, sitting, verdict === 'approve' ? 'passed' : 'failed', reasons, parts)
  if (verdict === 'approve') return ok(undefined)
  const [first = ''] = reasons
  const message = `${titleOf(sitting)} rejected this: ${cleanLine(first, 300)}`
  return err(failure('gate_failed', message, { detail: reasons.map((reason) => `- ${reason}`).join('\n') }))
}

function giveUp(
  work: ReviewedWork,
  sitting: Sitting,
  { message }: Failure,
  parts: ReviewingParts,
): Result<void, Failure> {
  recordJudged(work, sitting, 'errored', [message], parts)
  return err(failure('infrastructure', `${titleOf(sitting)} gave no verdict: ${message}`))
}

function titleOf({ review, reviewer }: Sitting): string {
  return `The review ${cleanLine(review.name, 100)} by ${cleanLine(formatProviderModel(reviewer), 60)}`
}

function recordJudged(
  { attempt, candidate }: ReviewedWork,
  { review, reviewer, remembered, since }: Sitting,
  verdict: 'passed' | 'failed' | 'errored',
  reasons: readonly string[],
  { recorder, clock }: ReviewingParts,
): void {
  const durationMs = remembered ? 0 : msBetween(since, clock.monotonic())
  const by = { agent: reviewer, reasons }
  void recorder.record({
    ...{ type: 'gate_judged', ...attempt.id, gate: review.name, tree: candidate.tree },
    ...{ verdict, durationMs, remembered, by },
  })
}
