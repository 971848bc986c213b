import type { EpochMs, MonotonicMs } from '../brand.js'
import { later, msBetween } from '../clock.js'
import { consequencesOf, type Failure, type FailureKind } from '../agent/failure.js'
import { resetTimeIn } from './reset-time.js'

/** What is remembered about an account's failures. */
export interface Trouble {
  /** Limits since an agent ended well. */
  readonly limitsInARow: number
  /** Refused logins without an answer in between; simultaneous ones count as one. */
  readonly refusalsInARow: number
  /** A model has answered an agent of the account in this run. */
  readonly hasAnswered: boolean
  readonly coolDown?: { readonly sinceMs: MonotonicMs; readonly untilMs: MonotonicMs; readonly until: EpochMs }
  /** The CLI has failed to start, again and again, since its last good start. */
  readonly missing?: { readonly times: number; readonly waitedMs: number; readonly isAsked: boolean }
  /** The last few starts that failed at once. */
  readonly failedStarts: readonly { readonly kind: FailureKind; readonly ms: MonotonicMs }[]
}

export const noTrouble: Trouble = { limitsInARow: 0, refusalsInARow: 0, hasAnswered: false, failedStarts: [] }

/** What a failure of one of its agents means for the account. */
export type AccountVerdict =
  | { readonly type: 'none' }
  /** It is given no work until then. */
  | { readonly type: 'cool_down'; readonly until: EpochMs }
  /** By then the CLI is asked for its version; if it answers, one agent goes first once more. */
  | { readonly type: 'ask'; readonly until: EpochMs }
  /** The agent's model gets no more work in this run. */
  | { readonly type: 'stop_model' }
  /** It gets no more work in this run, for the given reason. */
  | { readonly type: 'stop'; readonly failure: Failure }

/** When an agent failed, and what else is known about it. */
export interface FailedAgent {
  readonly failure: Failure
  readonly now: EpochMs
  readonly nowMs: MonotonicMs
  readonly startedMs: MonotonicMs
  /** It was the one that goes first after a cool-down, alone. */
  readonly goesFirst: boolean
  /** Whether its model had answered at all. */
  readonly answered: boolean
  /** Its process has ended: this is the last word about it. */
  readonly ended: boolean
  /** From 0 to 1, random. */
  readonly jitter: number
  /** For times that name no zone. */
  readonly zone: string
}

/** How many starts in a row must fail alike within a minute to stop a provider. */
const maxFailedStarts = 5
const breakerWindowMs = 60_000

interface AccountJudgement {
  readonly trouble: Trouble
  readonly verdict: AccountVerdict
}

/**
 * Judges an account by the failure of one of its agents. May be called twice for one agent: when it reports the
 * failure, and at its end.
 */
export function judgeAccount(earlier: Trouble, agent: FailedAgent): AccountJudgement {
  const { failure, answered, ended } = agent
  const trouble = ended && hasStarted(failure) ? notMissing(earlier) : earlier
  const { coolDown } = consequencesOf(failure.kind)
  if (coolDown === 'login') return judgeRefusal(trouble, agent)
  if (coolDown === 'missing') return judgeMissing(trouble, agent)
  // What the CLI rejected before it did anything would be rejected each time.
  if (failure.kind === 'usage' && !answered) return { trouble, verdict: { type: 'stop', failure } }
  if (failure.kind === 'model' && !answered) return { trouble, verdict: { type: 'stop_model' } }
  const counted = ended && isFailedStart(agent) ? countStart(trouble, agent) : trouble
  const alike = counted.failedStarts.filter(({ kind }) => kind === failure.kind).length
  if (alike >= maxFailedStarts) return { trouble: counted, verdict: { type: 'stop', failure: flapping(failure) } }
  return coolDown !== undefined ? coolDownForLimit(counted, agent) : { trouble: counted, verdict: { type: 'none' } }
}

/** After the model has answered an agent of the account for the first time. */
export function answeredOnce(trouble: Trouble): Trouble {
  return { ...notMissing(trouble), refusalsInARow: 0, hasAnswered: true }
}

/** After an agent of the account has ended well. */
export function endedWell(trouble: Trouble): Trouble {
  return { ...notMissing(trouble), limitsInARow: 0, failedStarts: [] }
}

/** An agent that autopilot ended, or that never started, proves nothing about the account. */
function hasStarted({ kind }: Failure): boolean {
  return consequencesOf(kind).neverRan !== true
}

function notMissing(trouble: Trouble): Trouble {
  const { missing, ...rest } = trouble
  return missing ? rest : trouble
}

/** The CLI broke down before its model said anything: no task can cause that. */
function isFailedStart({ failure: { kind }, answered, startedMs, nowMs }: FailedAgent): boolean {
  if (answered || msBetween(startedMs, nowMs) > breakerWindowMs) return false
  return consequencesOf(kind).breaksStart === true
}

function countStart(trouble: Trouble, { failure: { kind }, nowMs }: FailedAgent): Trouble {
  const recent = trouble.failedStarts.filter(({ ms }) => msBetween(ms, nowMs) < breakerWindowMs)
  return { ...trouble, failedStarts: [...recent, { kind, ms: nowMs }] }
}

function flapping(failure: Failure): Failure {
  return {
    ...failure,
    message: `${maxFailedStarts} starts within a minute failed in the same way: ${failure.message}`,
  }
}

/**
 * Whether the account's last cool-down also covers this agent: it was running when the cool-down began, or had its
 * slot by then and started during it.
 */
function isOfCoolDown({ coolDown: last }: Trouble, { startedMs, goesFirst }: FailedAgent): boolean {
  return last !== undefined && (startedMs <= last.sinceMs || (!goesFirst && startedMs < last.untilMs))
}

function coolDownUntil(trouble: Trouble, until: EpochMs, { now, nowMs }: FailedAgent): AccountJudgement {
  const known = trouble.coolDown
  // A longer cool-down for another reason stays.
  if (known && nowMs < known.untilMs && known.until >= until) return { trouble, verdict: { type: 'none' } }
  const last = { sinceMs: nowMs, untilMs: later(nowMs, msBetween(now, until)), until }
  return { trouble: { ...trouble, coolDown: last }, verdict: { type: 'cool_down', until } }
}

/** How long an account cools down after its first refusal, and its second; the third one stops it. */
const refusalCoolDownsMs = [30_000, 120_000] as const

/**
 * Agents that share a login race to refresh it: the losers are told that they are not logged in, although the winner
 * has just renewed the login and the next start works.
 */
function judgeRefusal(trouble: Trouble, agent: FailedAgent): AccountJudgement {
  const { failure, now, jitter, goesFirst, answered } = agent
  if (isOfCoolDown(trouble, agent)) return { trouble, verdict: { type: 'none' } }
  const refused = { ...trouble, refusalsInARow: trouble.refusalsInARow + 1 }
  const isLoggedOut = failure.loggedOut === true && goesFirst && !answered && !trouble.hasAnswered
  const span = refusalCoolDownsMs[refused.refusalsInARow - 1]
  if (isLoggedOut) return { trouble: refused, verdict: { type: 'stop', failure } }
  if (span === undefined) return { trouble: refused, verdict: { type: 'stop', failure: refusedAgain(failure) } }
  return coolDownUntil(refused, later(now, Math.round(span * (0.5 + jitter / 2))), agent)
}

function refusedAgain(failure: Failure): Failure {
  const times = refusalCoolDownsMs.length + 1
  return { ...failure, message: `refused ${times} times in a row, without an answer in between: ${failure.message}` }
}

/** The longest time, in ms, for which a CLI that updates itself is missing, not executable or busy. */
const longestMissingMs = 120_000
/** The longest wait for a version. */
const askingMs = 20_000

/** Doubles each time until two minutes are over. Then the CLI is asked for its version, and only then it is stopped. */
function judgeMissing(trouble: Trouble, agent: FailedAgent): AccountJudgement {
  if (isOfCoolDown(trouble, agent)) return { trouble, verdict: { type: 'none' } }
  const { times, waitedMs, isAsked } = trouble.missing ?? { times: 0, waitedMs: 0, isAsked: false }
  if (isAsked) return { trouble, verdict: { type: 'stop', failure: agent.failure } }
  const coolDownMs = Math.min(1000 * 2 ** times, longestMissingMs - waitedMs)
  const missing = { times: times + 1, waitedMs: waitedMs + coolDownMs, isAsked: coolDownMs <= 0 }
  const judged = coolDownUntil(
    { ...trouble, missing },
    later(agent.now, missing.isAsked ? askingMs : coolDownMs),
    agent,
  )
  return missing.isAsked && judged.verdict.type === 'cool_down'
    ? { ...judged, verdict: { ...judged.verdict, type: 'ask' } }
    : judged
}

function coolDownForLimit(trouble: Trouble, agent: FailedAgent): AccountJudgement {
  const given = timeGiven(agent)
  // Such an agent adds nothing new, unless it knows a later time.
  const isKnown = isOfCoolDown(trouble, agent)
  if (isKnown && (given === undefined || given <= (trouble.coolDown?.until ?? 0)))
    return { trouble, verdict: { type: 'none' } }
  const limitsInARow = trouble.limitsInARow + (isKnown ? 0 : 1)
  return coolDownUntil({ ...trouble, limitsInARow }, given ?? later(agent.now, backoffMs(agent, limitsInARow)), agent)
}

/** Longer than any window of the CLIs, which is a month at most; later times are ignored. */
const longestCoolDownMs = 32 * 86_400_000

/** The time that the CLI gave, in a field or in words, if it is in the future. */
function timeGiven({ failure: { message, retryAt }, now, zone }: FailedAgent): EpochMs | undefined {
  const given = retryAt ?? resetTimeIn(message, now, zone)
  return given !== undefined && given > now && msBetween(now, given) <= longestCoolDownMs ? given : undefined
}

interface Backoff {
  readonly firstMs: number
  readonly longestMs: number
}

/** A used-up allowance, such as a credit, comes back later than after too many requests. */
const allowance: Backoff = { firstMs: 60_000, longestMs: 3_600_000 }
const moment: Backoff = { firstMs: 15_000, longestMs: 300_000 }
const shortestCoolDownMs = 1000

/** Exponential, with full jitter: anything up to a span that doubles with each limit in a row. */
function backoffMs({ failure: { kind }, jitter }: FailedAgent, limitsInARow: number): number {
  const { firstMs, longestMs } = consequencesOf(kind).coolDown === 'allowance' ? allowance : moment
  const span = Math.min(longestMs, firstMs * 2 ** (limitsInARow - 1))
  return Math.max(shortestCoolDownMs, Math.round(jitter * span))
}

/** How long a run waits if every account that its tasks may use cools down. */
export interface WaitPolicy {
  readonly onLimit: 'wait' | 'stop'
  /** The longest total wait until an agent is answered again; without it, as long as necessary. */
  readonly maxWaitMs?: number
}

/** With `stop`, something that passes within a moment is no reason to end. */
const patienceMs = 60_000

/** Whether a run without an answer since `sinceMs` waits for an account that cools down until `untilMs`. */
export function decideWait(
  { onLimit, maxWaitMs = Number.POSITIVE_INFINITY }: WaitPolicy,
  {
    kind,
    sinceMs,
    untilMs,
  }: { readonly kind: FailureKind; readonly sinceMs: MonotonicMs; readonly untilMs: MonotonicMs },
): 'wait' | 'stop' {
  const { coolDown } = consequencesOf(kind)
  // Few and short: three refusals of a login, or two minutes without the CLI, end in any case.
  const isShort = coolDown === 'login' || coolDown === 'missing'
  const patience = onLimit === 'wait' || isShort ? Number.POSITIVE_INFINITY : coolDown === 'allowance' ? 0 : patienceMs
  return msBetween(sinceMs, untilMs) > Math.min(patience, maxWaitMs) ? 'stop' : 'wait'
}
