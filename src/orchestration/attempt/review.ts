import { msBetween } from '../../domain/clock.js'
import type { MonotonicMs, TaskId } from '../../domain/brand.js'
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
  /** What ends a task's attempt, and with it the review. */
  readonly signalOf: (taskId: TaskId) => AbortSignal
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
  const reviews = new Reviews(parts)
  return (attempt, place, candidate) => reviews.judge({ attempt, place, candidate })
}

class Reviews {
  readonly #parts: ReviewingParts
  readonly #answers = new Map<string, ReviewAnswer>()
  /** How many reviewers each attempt has had. */
  readonly #counts = new Map<string, number>()

  constructor(parts: ReviewingParts) {
    this.#parts = parts
  }

  async judge(work: ReviewedWork): Promise<Result<void, Failure>> {
    for (const review of this.#parts.reviews) {
      const judged = await this.#judgeBy(review, work)
      if (!judged.ok) return judged
    }
    return ok(undefined)
  }

  async #judgeBy(review: Review, work: ReviewedWork): Promise<Result<void, Failure>> {
    const { clock, recorder, signalOf } = this.#parts
    const { attempt, candidate } = work
    const signal = signalOf(attempt.id.taskId)
    const tried: ProviderModel[] = []
    for (;;) {
      const reviewer = nextReviewer(this.#reviewersFor(review, attempt), tried)
      if (!reviewer) return err(failure('infrastructure', `No agent CLI is left for the review ${review.name}.`))
      const key = reviewKey(candidate.tree, attempt.id.taskId, review, reviewer)
      const remembered = this.#answers.get(key)
      const since = clock.monotonic()
      const answer = remembered ? ok(remembered) : await this.#ask(reviewer, review, work)
      const sitting = { review, reviewer, remembered: remembered !== undefined, since }
      if (answer.ok) {
        this.#answers.set(key, answer.value)
        return conclude(work, sitting, answer.value, this.#parts)
      }
      if (answer.error.kind === 'canceled' || signal.aborted) return err(canceled)
      tried.push(reviewer)
      if (tried.length === tries) return giveUp(work, sitting, answer.error, this.#parts)
      const about = { ...attempt.id, gate: review.name, agent: reviewer }
      void recorder.record({ type: 'review_unanswered', ...about, failure: answer.error })
    }
  }

  async #ask(reviewer: ProviderModel, review: Review, work: ReviewedWork): Promise<Result<ReviewAnswer, Failure>> {
    const { recorder, reserve } = this.#parts
    const { attempt, place, candidate } = work
    const checkout = await place.show(candidate)
    if (!checkout.ok) return checkout
    try {
      void recorder.record({ type: 'review_queued', ...attempt.id, gate: review.name })
      const slot = await reserve(attempt.task, reviewer)
      if ('reason' in slot)
        return err(slot.reason === 'unservable' ? failure('infrastructure', 'it is out for this run') : canceled)
      const number = this.#nextNumber(attempt.id)
      return await answerOf(work, review, slot, checkout.value, number, this.#parts).finally(slot.release)
    } finally {
      checkout.value.release()
    }
  }

  #reviewersFor(review: Review, { agent }: Attempt): readonly ProviderModel[] {
    const { usable, findProvider } = this.#parts
    const canReview = usable().filter((name) => findProvider(name)?.review)
    return reviewersFor(review, agent.provider, canReview)
  }

  #nextNumber({ taskId, attempt }: AttemptId): number {
    const key = JSON.stringify([taskId, attempt])
    const number = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, number)
    return number
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
  const started = { ...id, review: number, gate, slot: agent.id, agent: shown(agent), tree, workspace: checkout.root }
  void parts.recorder.record({ type: 'review_started', ...started })
  const prompt = renderReview({ task, criteria, base, diff: await checkout.diff(maxDiffChars) })
  const sitting = { ...work, review: number, base }
  const where = { cwd: checkout.root, ownDir: ownDirectory(sitting) }
  const assignment = { type: 'review', request: { ...request, ...where, prompt, schema: reviewSchema } } as const
  const settings = { ...parts, signal: parts.signalOf(id.taskId) }
  const end = await runAgent({ ...sitting, assignment }, settings, slot.release)
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
