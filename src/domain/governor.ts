import type { Failure, FailureKind } from './failure.js'
import { resetTimeIn } from './reset-time.js'

/** What is remembered of an account's trouble. `Ms` are monotonic, the rest epoch ms. */
export interface Trouble {
  /** Limits since an agent ended well. */
  readonly limitsInARow: number
  readonly rest?: { readonly sinceMs: number; readonly until: number }
  /** Starts that failed at once, the last few of them. */
  readonly failedStarts: readonly { readonly kind: FailureKind; readonly ms: number }[]
}

export const noTrouble: Trouble = { limitsInARow: 0, failedStarts: [] }

/** What follows for the account from a failure of one of its agents. */
export type AccountVerdict =
  | { readonly type: 'none' }
  /** It is given no work until then, epoch ms. */
  | { readonly type: 'rest'; readonly until: number }
  /** It is given no work any more in this run, for the reason given. */
  | { readonly type: 'stop'; readonly failure: Failure }

/** When an agent failed and what else is known of it. */
export interface FailedAgent {
  readonly failure: Failure
  /** Epoch ms. */
  readonly now: number
  /** Monotonic ms. */
  readonly nowMs: number
  readonly startedMs: number
  /** Whether its model had answered anything. */
  readonly answered: boolean
  /** Its process has ended: the last word about it. */
  readonly ended: boolean
  /** From 0 to 1, random. */
  readonly jitter: number
  /** For times that name no zone. */
  readonly zone: string
}

/** So many starts in a row that fail alike within a minute stop a provider. */
const mostFailedStarts = 5
const breakerWindowMs = 60_000

/** Whether the kind of failure is the account's trouble and says nothing about the task: no attempt is used up. */
export function isAccountTrouble(kind: FailureKind): boolean {
  return isOut(kind) || isLimit(kind) || kind === 'spawn'
}

/** Only a person can mend it. */
function isOut(kind: FailureKind): boolean {
  return kind === 'auth' || kind === 'usage'
}

/** It passes. */
function isLimit(kind: FailureKind): boolean {
  return kind === 'rate_limit' || kind === 'overloaded' || kind === 'network' || kind === 'usage_limit'
}

/** Judges an account by the failure of one of its agents. May be asked twice about one agent: when it says so, and at its end. */
export function judgeAccount(trouble: Trouble, agent: FailedAgent): { trouble: Trouble; verdict: AccountVerdict } {
  const { failure } = agent
  if (isOut(failure.kind)) return { trouble, verdict: { type: 'stop', failure } }
  const counted = agent.ended && isFailedStart(agent) ? countStart(trouble, agent) : trouble
  const alike = counted.failedStarts.filter(({ kind }) => kind === failure.kind).length
  if (alike >= mostFailedStarts) return { trouble: counted, verdict: { type: 'stop', failure: flapping(failure) } }
  return isLimit(failure.kind) ? rest(counted, agent) : { trouble: counted, verdict: { type: 'none' } }
}

/** After an agent of the account has ended well. */
export function endedWell(trouble: Trouble): Trouble {
  return { ...trouble, limitsInARow: 0, failedStarts: [] }
}

/** The CLI could not work at all, or broke down before its model said anything: nothing that a task can do. */
function isFailedStart({ failure: { kind }, answered, startedMs, nowMs }: FailedAgent): boolean {
  if (answered || nowMs - startedMs > breakerWindowMs) return false
  return kind === 'spawn' || kind === 'crash' || kind === 'network'
}

function countStart(trouble: Trouble, { failure: { kind }, nowMs }: FailedAgent): Trouble {
  const recent = trouble.failedStarts.filter(({ ms }) => nowMs - ms < breakerWindowMs)
  return { ...trouble, failedStarts: [...recent, { kind, ms: nowMs }] }
}

function flapping(failure: Failure): Failure {
  return { ...failure, message: `${mostFailedStarts} starts within a minute failed alike: ${failure.message}` }
}

/** An agent that had started before the account began to rest tells nothing new, unless it knows of a later time. */
function rest(trouble: Trouble, agent: FailedAgent): { trouble: Trouble; verdict: AccountVerdict } {
  const { now, nowMs, startedMs } = agent
  const given = timeGiven(agent)
  const known = trouble.rest && startedMs <= trouble.rest.sinceMs ? trouble.rest : undefined
  if (known && (given === undefined || given <= known.until)) return { trouble, verdict: { type: 'none' } }
  const limitsInARow = trouble.limitsInARow + (known ? 0 : 1)
  const until = given ?? now + backoffMs(agent, limitsInARow)
  return {
    trouble: { ...trouble, limitsInARow, rest: { sinceMs: nowMs, until } },
    verdict: { type: 'rest', until },
  }
}

/** Longer than any window of the CLIs, which is a month: such a time is not believed. */
const longestRestMs = 32 * 86_400_000

/** The time that the CLI gave, in a field or in words, when it is still to come. */
function timeGiven({ failure: { message, retryAt }, now, zone }: FailedAgent): number | undefined {
  const given = retryAt ?? resetTimeIn(message, now, zone)
  return given !== undefined && given > now && given - now <= longestRestMs ? given : undefined
}

interface Backoff {
  readonly firstMs: number
  readonly longestMs: number
}

/** An allowance that is used up, a credit for example, comes back later than a moment of too many requests. */
const allowance: Backoff = { firstMs: 60_000, longestMs: 3_600_000 }
const moment: Backoff = { firstMs: 15_000, longestMs: 300_000 }
const shortestRestMs = 1000

/** Exponential, with full jitter: anything up to the span that doubles with each limit in a row. */
function backoffMs({ failure: { kind }, jitter }: FailedAgent, limitsInARow: number): number {
  const { firstMs, longestMs } = kind === 'usage_limit' ? allowance : moment
  const span = Math.min(longestMs, firstMs * 2 ** (limitsInARow - 1))
  return Math.max(shortestRestMs, Math.round(jitter * span))
}

/** How long a run waits when every account that its tasks may use rests. */
export interface WaitPolicy {
  readonly onLimit: 'wait' | 'stop'
  /** The most that it waits in all before some agent is answered again; without, as long as it takes. */
  readonly maxWaitMs?: number
}

/** With `stop`, what passes by itself in a moment is no reason to end. */
const patienceMs = 60_000

/** Whether a run that has had no answer since `sinceMs` waits for an account that rests until `untilMs`, monotonic ms. */
export function decideWait(
  { onLimit, maxWaitMs = Number.POSITIVE_INFINITY }: WaitPolicy,
  { kind, sinceMs, untilMs }: { readonly kind: FailureKind; readonly sinceMs: number; readonly untilMs: number },
): 'wait' | 'stop' {
  const patience = onLimit === 'wait' ? Number.POSITIVE_INFINITY : kind === 'usage_limit' ? 0 : patienceMs
  return untilMs - sinceMs > Math.min(patience, maxWaitMs) ? 'stop' : 'wait'
}
