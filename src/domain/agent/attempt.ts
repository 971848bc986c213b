import type { EpochMs } from '../brand.js'
import { addUsage, noUsage, tokensOf, type AgentEvent, type Usage } from './agent-event.js'
import {
  applyBackground,
  beginTurn,
  endTurn,
  isQuiet,
  noBackground,
  notThrough,
  type Background,
} from './background.js'
import { failure, type Failure, isAccountTrouble } from './failure.js'
import { refusedCalls, type Refusal } from './refusal.js'
import { name, number, optional, text, titled, union, variant, type ValueOf } from '../shape/shape.js'
import { cleanLine } from '../text.js'

/** How a child process ended. */
export const exitStatusShape = titled(
  'exit status',
  union({
    code: variant('It ended by itself.', { code: number('Its exit code.') }),
    signal: variant('A signal ended it.', { signal: name('Such as `SIGTERM`.') }),
    not_started: variant('It never ran.', { message: text('Why.') }),
    lost: variant('Nobody saw its end: whoever was to tell of it was killed.', {
      message: optional(text('Who that was, and why.')),
    }),
  }),
)
export type ExitStatus = ValueOf<typeof exitStatusShape>

export function formatExitStatus(exit: ExitStatus): string {
  switch (exit.type) {
    case 'code':
      return `exit code ${exit.code}`
    case 'signal':
      return `ended by ${exit.signal}`
    case 'not_started':
      return exit.message
    case 'lost':
      return exit.message ?? 'nobody saw its end'
  }
}

/** Why autopilot itself ended the process, if it did. */
export const endReasons = [
  'canceled',
  'timeout',
  'idle_timeout',
  'budget',
  /** It lingered after its final event. */
  'after_result',
  /** Its background work did not end. */
  'background_timeout',
] as const
export type EndReason = (typeof endReasons)[number]

/** What an attempt's output has reported so far: a fold over its agent events, bounded in memory. */
export interface Evidence {
  readonly sessionId?: string
  readonly model?: string
  readonly finalText: string
  /** The JSON text that answers a schema, if the final event had one. */
  readonly answer?: string
  /** The conversation's last total; `noUsage` until there is one. */
  readonly usage: Usage
  /** The sum of the reported calls of the model; the outputs reported there are too low. */
  readonly reported: Usage
  /** The last calls counted in `reported`. */
  readonly calls: readonly string[]
  /** The part of `reported` after the last total. */
  readonly unsettled: Usage
  readonly retryAt?: EpochMs
  /** Its last reason for retrying, without an answer since. */
  readonly retrying?: Failure
  /** The model has said or done something. */
  readonly answered: boolean
  /** The last unreadable line, cleaned and shortened. */
  readonly unreadable?: string
  /** The end of its last turn; absent during a turn. */
  readonly result?: { readonly failure?: Failure; readonly waitsFor?: string }
  readonly background: Background
  /** The files that its own tools should write, each once, as the CLI named them. */
  readonly wrote: readonly string[]
}

/** More are not followed. */
const maxWritten = 2_000

export const noEvidence: Evidence = {
  finalText: '',
  usage: noUsage,
  reported: noUsage,
  calls: [],
  unsettled: noUsage,
  answered: false,
  background: noBackground,
  wrote: [],
}

export function applyAgentEvent(evidence: Evidence, event: AgentEvent): Evidence {
  switch (event.type) {
    case 'session':
      return beginOfTurn(evidence, event)
    case 'text':
      return { ...answered(evidence), finalText: event.text }
    case 'usage':
      return addCall(evidence, event)
    case 'limit':
      return event.retryAt === undefined ? evidence : { ...evidence, retryAt: event.retryAt }
    case 'result':
      return endOfTurn(evidence, event)
    case 'background':
      return { ...evidence, background: applyBackground(evidence.background, event.change) }
    case 'tool':
      return withWritten(answered(evidence), event.writes)
    case 'tool_ended':
    case 'denied':
      return answered(evidence)
    case 'retrying':
      return retried(evidence, event)
    case 'unknown':
      return event.line === undefined ? evidence : { ...evidence, unreadable: event.line }
  }
}

function withWritten(evidence: Evidence, writes: readonly string[] = []): Evidence {
  const { wrote } = evidence
  const fresh = writes.filter((path) => !wrote.includes(path))
  return fresh.length === 0 ? evidence : { ...evidence, wrote: [...wrote, ...fresh].slice(0, maxWritten) }
}

/** A CLI that tries again what it had reported as failed has not ended its turn. */
function retried(evidence: Evidence, { kind, message }: Extract<AgentEvent, { type: 'retrying' }>): Evidence {
  const open = withResult(evidence, undefined)
  return kind === undefined ? open : { ...open, retrying: failure(kind, message) }
}

/** A CLI that continues after a result because of background work has not given its final event yet. */
function beginOfTurn(evidence: Evidence, { sessionId, model }: Extract<AgentEvent, { type: 'session' }>): Evidence {
  const background = beginTurn(evidence.background)
  return withResult({ ...evidence, sessionId, background, ...(model === undefined ? {} : { model }) }, undefined)
}

function withResult(evidence: Evidence, result: Evidence['result']): Evidence {
  const { ...next }: { -readonly [Key in keyof Evidence]: Evidence[Key] } = evidence
  if (result === undefined) delete next.result
  else next.result = result
  return next
}

/** What an agent reports about its end after a signal isn't true: claude calls an interrupted turn a success. */
export function applyAfterSignal(evidence: Evidence, event: AgentEvent): Evidence {
  return withResult(applyAgentEvent(evidence, event), evidence.result)
}

function endOfTurn(evidence: Evidence, event: Extract<AgentEvent, { type: 'result' }>): Evidence {
  const { waitsFor, sessionId } = event
  const failed = causeOf(evidence, event.failure)
  const taken = {
    ...evidence,
    ...(sessionId === undefined ? {} : { sessionId }),
    // With a Stop hook, some versions of claude end with an empty text (public reports): its words came before.
    finalText: event.text?.trim() ? event.text : evidence.finalText,
    ...totalOf(evidence, event.usage),
    ...(event.answer === undefined ? {} : { answer: event.answer }),
    answered: evidence.answered || !failed,
  }
  // A resumed claude first ends an empty turn, for what was stopped with the previous process.
  if (!failed && event.turns === 0) return taken
  const background = failed ? taken.background : endTurn(taken.background)
  const result = { ...(failed ? { failure: failed } : {}), ...(waitsFor === undefined ? {} : { waitsFor }) }
  return { ...taken, background, result }
}

/** A CLI that reports why it fails, and then only that it has failed: the first says more. */
function causeOf({ result }: Evidence, failed: Failure | undefined): Failure | undefined {
  return failed?.kind === 'crash' ? (result?.failure ?? failed) : failed
}

/** The last turn has ended and no other follows: only the end of the process is missing. */
export function isFinal({ result, background }: Evidence): boolean {
  return result !== undefined && isQuiet(background)
}

/** What the agent left unfinished, in its CLI's words: outside text, not cleaned yet. */
export function unfinishedWork({ result, background }: Evidence): readonly string[] {
  return [...notThrough(background), ...(result?.waitsFor === undefined ? [] : [`it waits: ${result.waitsFor}`])]
}

/** The model has said or done something, so the CLI's retries have succeeded. */
function answered(evidence: Evidence): Evidence {
  const known: { -readonly [Key in keyof Evidence]: Evidence[Key] } = { ...evidence, answered: true }
  delete known.retrying
  return known
}

/** A total includes everything before it; an empty one is not a total. */
function totalOf({ usage, unsettled }: Evidence, total: Usage = noUsage): Pick<Evidence, 'usage' | 'unsettled'> {
  const tells = tokensOf(total) > 0 || total.costUsd !== undefined
  return tells ? { usage: total, unsettled: noUsage } : { usage, unsettled }
}

/** Sub-agents report in between, so the parts of one call may be apart. */
const maxCalls = 32

function addCall(evidence: Evidence, { call, usage }: Extract<AgentEvent, { type: 'usage' }>): Evidence {
  if (evidence.calls.includes(call)) return evidence
  const calls = [call, ...evidence.calls].slice(0, maxCalls)
  const add = (sum: Usage) => addUsage(sum, usage)
  return { ...evidence, calls, reported: add(evidence.reported), unsettled: add(evidence.unsettled) }
}

/** The failure in the final event, with the time of a limit that was reported before. */
export function saidFailure({ result, retryAt }: Evidence): Failure | undefined {
  if (!result?.failure || retryAt === undefined) return result?.failure
  return { retryAt, ...result.failure }
}

/**
 * Judges the process alone: did the agent end well? Exit codes lie in both directions, so the final event must agree;
 * a stream without one is a crash. Whether the tree changed is judged after collecting.
 */
export function judgeProcess(exit: ExitStatus, evidence: Evidence, ended: EndReason | undefined): Failure | undefined {
  if (ended === 'canceled') return failure('canceled', 'The attempt was canceled.')
  const { retrying } = evidence
  // Some CLIs wait as long as a server asks, or forever: the task isn't to blame for the time.
  if ((ended === 'idle_timeout' || ended === 'timeout') && retrying && isAccountTrouble(retrying.kind)) {
    return { ...retrying, message: `${retrying.message} (it was still retrying when its time was up)` }
  }
  if (ended === 'idle_timeout') {
    return failure(
      'idle_timeout',
      'The attempt printed nothing and used no processor time for too long, and was ended.',
    )
  }
  if (ended === 'timeout') return failure('timeout', 'The attempt exceeded its time limit and was ended.')
  if (ended === 'budget') return failure('budget', 'The agent had used up its budget and was ended.')
  if (exit.type === 'not_started') return failure('spawn', exit.message)
  if (exit.type === 'lost') {
    const why = exit.message === undefined ? '.' : `: ${exit.message}.`
    return failure('infrastructure', `Nobody saw how the agent ended${why}`, { spared: true })
  }
  if (!evidence.result) return withoutResult(exit, evidence)
  const said = saidFailure(evidence)
  if (said) return said
  const left = unfinishedWork(evidence)
  if (left.length > 0 || ended === 'background_timeout') return unfinished(left)
  // A process that autopilot ended because it lingered after its final event has no exit status of its own.
  if (ended === 'after_result') return undefined
  if (exit.type === 'code' && exit.code === 0) return undefined
  return failure('crash', `The final event said success, but the process ended badly (${formatExitStatus(exit)}).`)
}

function withoutResult(exit: ExitStatus, { retrying, unreadable }: Evidence): Failure {
  // A CLI that gives up its retries may end as if all were well.
  if (retrying && isAccountTrouble(retrying.kind) && exit.type === 'code' && exit.code === 0) return retrying
  const line = unreadable === undefined ? '' : ` The last unreadable line: ${unreadable}`
  return failure('crash', `The agent ended without a final event (${formatExitStatus(exit)}).${line}`)
}

const maxLeft = 20

function unfinished(left: readonly string[]): Failure {
  const lines = left.length === 0 ? ['background work'] : left.slice(0, maxLeft).map((what) => cleanLine(what))
  const message = `The agent's turn ended before its work did: ${lines.join('; ')}.`
  return failure('unfinished', message, { detail: lines.join('\n') })
}

/**
 * Judges an attempt that ended well and left the tree unchanged. `run` is the task's command, if it has one;
 * `refusals` are those of the agent's last turn.
 */
export function judgeUnchanged(
  { expects, run }: { readonly expects: 'change' | 'no_change'; readonly run?: string },
  refusals: readonly Refusal[],
  leftOut: readonly string[] = [],
): Failure | undefined {
  if (expects === 'no_change') return undefined
  const but = leftOut.map((what) => ` But ${what}.`).join('')
  if (run !== undefined) {
    const help = 'set expects: no_change if that is right.'
    return failure('no_change', `The command ended well but changed nothing; ${help}${but}`)
  }
  const refused = refusals.length > 0 ? ` ${refusedCalls(refusals)}; see --permissions and allow.` : ''
  return failure('no_change', `The agent ended well but changed nothing.${refused}${but}`)
}
