import { join } from 'node:path'
import { msBetween } from '../../domain/clock.js'
import type { MonotonicMs } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { formatProviderModel, type ProviderModel } from '../../domain/agent/provider-model.js'
import { err, ok, type Result } from '../../domain/result.js'
import { nextReviewer, reviewersFor, reviewKey, type Review, type ReviewAnswer } from '../../domain/landing/review.js'
import type { NoSlot } from '../../domain/attempt/course.js'
import type { Task } from '../../domain/roadmap/task.js'
import { cleanLine } from '../../domain/text.js'
import { renderReview } from '../../prompt/review.js'
import { readReviewAnswer, reviewSchema } from '../../providers/review-answer.js'
import type { Allowances } from '../accounts/budget-keeper.js'
import type { Harvested, OpenPlace, ReviewWork, Shown } from '../place/isolation.js'
import type { AgentSettings } from '../agent/agent-work.js'
import { runAgent } from '../agent/run-agent.js'
import { attemptDirectory } from '../agent/attempt-files.js'
import type { HeldSlot } from './turn.js'
import type { AttemptOf } from '../attempt-of.js'

export interface ReviewingParts extends AgentSettings {
  readonly reviews: readonly Review[]
  readonly allowances: Allowances
  readonly asRoot: boolean
  /** A reviewer that gives no sign of life for so long is ended; 0 for never. */
  readonly idleTimeoutMs: number
  readonly backgroundTimeoutMs: number
  /** Where attempts keep prompt and output; those of their reviews lie beside. */
  readonly attemptsDir: string
  /** The names of the providers that can be used at this moment of the run, best first. */
  readonly usable: () => readonly string[]
  /** Waits for a slot for a review of the task's work. */
  readonly reserve: (task: Task, reviewer: ProviderModel) => Promise<HeldSlot | NoSlot>
}

/** A review that errored is tried so many times in all. */
const tries = 3
/** So much of the change is shown in the prompt; the reviewer can see the rest for itself. */
const mostDiffChars = 30_000
const mostReasons = 20
const longestReason = 1_000

/**
 * Reviews for a run: after the commands, one after the other, each on a slot of the pool like any agent, none while the
 * author's is held. Only an answer of the form asked for approves or rejects; whatever else happens has errored.
 */
export function createReviewing(parts: ReviewingParts): ReviewWork {
  const known = new Map<string, ReviewAnswer>()
  const counts = new Map<string, number>()
  const nextNumber = ({ task, attempt }: AttemptOf) => {
    const key = JSON.stringify([task.id, attempt])
    const number = (counts.get(key) ?? 0) + 1
    counts.set(key, number)
    return number
  }

  const ask = async (at: ReviewAt, review: Review, reviewer: ProviderModel): Promise<Result<ReviewAnswer, Failure>> => {
    const shown = await at.open.show(at.candidate)
    if (!shown.ok) return shown
    try {
      void parts.recorder.record({ type: 'review_queued', ...ids(at), gate: review.name })
      const slot = await parts.reserve(at.of.task, reviewer)
      if ('reason' in slot)
        return err(slot.reason === 'unservable' ? failure('infrastructure', 'it is out for this run') : canceled)
      return await answerOf(at, review, slot, shown.value, nextNumber(at.of), parts).finally(slot.release)
    } finally {
      shown.value.release()
    }
  }

  const judge = async (at: ReviewAt, review: Review): Promise<Result<void, Failure>> => {
    const tried: ProviderModel[] = []
    for (;;) {
      const canReview = parts.usable().filter((name) => parts.findProvider(name)?.review)
      const candidates = reviewersFor(review, at.of.agent.provider, canReview)
      const reviewer = nextReviewer(candidates, tried)
      if (!reviewer) return err(failure('infrastructure', `No agent CLI is left for the review ${review.name}.`))
      const key = reviewKey(at.candidate.tree, at.of.task.id, review, reviewer)
      const remembered = known.get(key)
      const began = parts.clock.monotonic()
      const answer = remembered ? ok(remembered) : await ask(at, review, reviewer)
      const judged = { review, reviewer, remembered: remembered !== undefined, since: began }
      if (answer.ok) {
        known.set(key, answer.value)
        return conclude(at, judged, answer.value, parts)
      }
      if (answer.error.kind === 'canceled' || parts.signal.aborted) return err(canceled)
      tried.push(reviewer)
      if (tried.length === tries) return giveUp(at, judged, answer.error, parts)
      const of = { taskId: at.of.task.id, attempt: at.of.attempt, gate: review.name }
      void parts.recorder.record({ type: 'review_unanswered', ...of, agent: reviewer, failure: answer.error })
    }
  }

  return async (of, open, candidate) => {
    for (const review of parts.reviews) {
      const judged = await judge({ of, open, candidate }, review)
      if (!judged.ok) return judged
    }
    return ok(undefined)
  }
}

/** What is reviewed. */
interface ReviewAt {
  readonly of: AttemptOf
  readonly open: OpenPlace
  readonly candidate: Harvested
}

interface Judged {
  readonly review: Review
  readonly reviewer: ProviderModel
  readonly remembered: boolean
  readonly since: MonotonicMs
}

const canceled = failure('canceled', 'The run ended before the work had been reviewed.')

function ids({ of }: ReviewAt) {
  return { taskId: of.task.id, attempt: of.attempt }
}

/** Runs the reviewer in a checkout and reads its answer. */
async function answerOf(
  at: ReviewAt,
  review: Review,
  slot: HeldSlot,
  shown: Shown,
  number: number,
  parts: ReviewingParts,
): Promise<Result<ReviewAnswer, Failure>> {
  const { agent } = slot
  const provider = parts.findProvider(agent.provider)
  if (!provider?.review) throw new Error(`the pool chose ${agent.provider}, which reviews nothing`)
  const { task, attempt } = at.of
  const { base, tree } = at.candidate
  const asked = { provider: agent.provider, ...(agent.model === undefined ? {} : { model: agent.model }) }
  const started = { ...ids(at), review: number, gate: review.name, slot: agent.id, agent: asked, tree }
  void parts.recorder.record({ type: 'review_started', ...started })
  const logDir = attemptDirectory(parts.attemptsDir, task.id, attempt)
  const prompt = renderReview({ task, criteria: review.criteria, base, diff: await shown.diff(mostDiffChars) })
  // Not the task's own budget: its work is finished, and shall not be lost for the sake of its review.
  const budget = parts.allowances.allowance(agent.provider)
  const end = await runAgent(
    {
      ...{ taskId: task.id, attempt, review: number, slot: agent.id, provider, logDir },
      timeoutMs: review.timeoutMs,
      idleTimeoutMs: parts.idleTimeoutMs,
      backgroundTimeoutMs: parts.backgroundTimeoutMs,
      budget,
      base,
      assignment: {
        type: 'review',
        request: {
          ...{ cwd: shown.root, prompt, asRoot: parts.asRoot },
          ...(agent.model === undefined ? {} : { model: agent.model }),
          ...(budget.usd === undefined ? {} : { budgetUsd: budget.usd }),
          limits: { timeoutMs: review.timeoutMs, idleTimeoutMs: parts.idleTimeoutMs },
          answer: { schema: reviewSchema, file: join(logDir, `review-${number}-schema.json`) },
        },
      },
    },
    parts,
    slot.release,
  )
  if (end.failure?.kind === 'timeout')
    return err(failure('timeout', `it gave no answer within ${review.timeoutMs / 1000} s`))
  if (end.failure) return err(end.failure)
  const answer = readReviewAnswer(provider.review.answer(end.evidence))
  return answer.ok ? ok(clean(answer.value)) : err(failure('crash', answer.error))
}

/** A reviewer's words are outside text. */
function clean({ verdict, reasons }: ReviewAnswer): ReviewAnswer {
  return { verdict, reasons: reasons.slice(0, mostReasons).map((reason) => cleanLine(reason, longestReason)) }
}

function conclude(
  at: ReviewAt,
  judged: Judged,
  { verdict, reasons }: ReviewAnswer,
  parts: ReviewingParts,
): Result<void, Failure> {
  recordJudged(at, judged, verdict === 'approve' ? 'passed' : 'failed', reasons, parts)
  if (verdict === 'approve') return ok(undefined)
  const [first = ''] = reasons
  const message = `${titleOf(judged)} rejected this: ${cleanLine(first, 300)}`
  return err(failure('gate_failed', message, { detail: reasons.map((reason) => `- ${reason}`).join('\n') }))
}

function giveUp(at: ReviewAt, judged: Judged, { message }: Failure, parts: ReviewingParts): Result<void, Failure> {
  recordJudged(at, judged, 'errored', [message], parts)
  return err(failure('infrastructure', `${titleOf(judged)} could not be had: ${message}`))
}

function titleOf({ review, reviewer }: Judged): string {
  return `The review ${cleanLine(review.name, 100)} by ${cleanLine(formatProviderModel(reviewer), 60)}`
}

function recordJudged(
  at: ReviewAt,
  { review, reviewer, remembered, since }: Judged,
  verdict: 'passed' | 'failed' | 'errored',
  reasons: readonly string[],
  { recorder, clock }: ReviewingParts,
): void {
  const durationMs = remembered ? 0 : msBetween(since, clock.monotonic())
  const by = { agent: reviewer, reasons }
  void recorder.record({
    ...{ type: 'gate_judged', ...ids(at), gate: review.name, tree: at.candidate.tree },
    ...{ verdict, durationMs, remembered, by },
  })
}
