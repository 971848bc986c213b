import { noBaseline, type Baseline } from '../accounts/counted.js'
import { consequencesOf, failure, type Failure } from '../agent/failure.js'
import type { ProviderModel } from '../agent/provider-model.js'
import type { Refusal } from '../agent/refusal.js'
import type { BaseDecision, Repair } from '../landing/base.js'
import { present } from '../present.js'
import type { HoldReason } from '../roadmap/hold.js'
import { commandProvider } from '../routing/routing.js'

/*
 *  queued ──▶ working ──▶ collecting ──▶ judging ──▶ reviewing ──▶ landing ──▶ ended
 *    ▲           ▲ │                        ╰───────────┴───────────┤
 *    ╰─ lost ────┼─┼──▶ unfinished ─╮                               ▼
 *                ╰─┴────────────────┴───────────────────────── repairing
 */

/**
 * The course of an attempt: what it does now, and what follows. Pure. The driver carries out each step and reports its
 * outcome; a journal's records report the same about an earlier attempt.
 */
export type Course = NotBegun | Begun

/** An attempt that waits for its first slot, or never got one. */
export interface NotBegun {
  readonly attempt: number
  readonly state: Queued | Ended
}

export interface Begun {
  readonly attempt: number
  readonly agent: ProviderModel
  /** Absolute path; empty if none could be opened. */
  readonly workspace: string
  /** The commit that the last turn's work is a change of; absent in place. */
  readonly base?: string
  /** The repair round of its last turn; 0 for the first agent. */
  readonly round: number
  /** How many of its turns finished what an earlier one had left unfinished. */
  readonly finishing: number
  /** Why its work was refused before each of its repair rounds. */
  readonly repaired: readonly Failure[]
  /** Its conversation, once the CLI has reported it, exactly as the CLI wrote it. */
  readonly sessionId?: string
  /** What the agent of its last turn was refused, including before an interruption of that turn. */
  readonly refusals: readonly Refusal[]
  /** What to compare the conversation's next total with. */
  readonly used: Baseline
  /**
   * What was collected last; the attempt's ref points there. Until this turn is collected, it is the previous turn's
   * work.
   */
  readonly collected?: string
  /** What was merged into its workspace before each repair round; conflicts may have left markers. */
  readonly merges: readonly Merge[]
  /**
   * Digests of the texts that its agent was told and may be working by; after a turn that ended well, only the last.
   * Empty if unknown, because older versions didn't record it.
   */
  readonly texts: readonly string[]
  readonly state: State
}

export interface Merge {
  readonly commit: string
  readonly base: string
  readonly tip: string
}

export type State =
  | Queued
  /** An agent is running. `resumes`: it continues an earlier conversation. */
  | { readonly type: 'working'; readonly turn: Turn; readonly resumes: boolean }
  /** The turn ended before its work did. */
  | { readonly type: 'unfinished'; readonly reason: Failure }
  /** The agent has ended: well, or with this failure. */
  | { readonly type: 'collecting'; readonly failure?: Failure }
  /** The collected work is judged alone, before reviews. */
  | { readonly type: 'judging' }
  | { readonly type: 'reviewing' }
  /** It is in the merge queue. `tries`: landings that failed without anybody's fault. */
  | { readonly type: 'landing'; readonly tries: number }
  | Repairing
  | Ended

/** It waits for a slot. `lost`: the turn had a slot, but its CLI no longer knew the conversation. */
interface Queued {
  readonly type: 'queued'
  readonly turn: Turn
  readonly lost?: Failure
}

/** Something speaks against the work, and it may go back to its agent. */
interface Repairing {
  readonly type: 'repairing'
  readonly reason: Failure
  /** The work was collected and refused; otherwise the agent continues with the place as it is. */
  readonly isCollected: boolean
  /**
   * What is needed next: whose fault it is; the work merged with the target's tip; only a slot; or there can be no
   * repair round.
   */
  readonly stage: 'weigh' | 'apart' | 'together' | 'impossible'
  readonly fault: 'own' | 'base'
}

interface Ended {
  readonly type: 'ended'
  readonly end: End
}

export type End =
  | { readonly type: 'done'; readonly how: 'integrated' | 'unchanged' | 'in_place' }
  /** `isFinished`: its agent had ended well, and its work was refused. */
  | { readonly type: 'failed'; readonly failure: Failure; readonly isFinished: boolean }
  /** It got no slot to start or to continue, and stays as it was. */
  | { readonly type: 'no_slot'; readonly why: NoSlot }

/** Why there is no slot. `held`: a person holds the task. */
export type NoSlot =
  | { readonly reason: 'aborted' | 'unservable' | 'stopped'; readonly message: string }
  | { readonly reason: 'held'; readonly hold: HoldReason }

/** What one agent should do, from its start to its end. */
export type Turn =
  | { readonly type: 'begin' }
  /** Continues what was interrupted with the run. `left`: the turn had ended before its work did. */
  | {
      readonly type: 'take_up'
      readonly reworded: boolean
      readonly hadFinished: boolean
      readonly left?: Failure
    }
  /** `round` counts from 1 within the attempt. */
  | { readonly type: 'repair'; readonly round: number; readonly reason: Failure; readonly asLeft: boolean }
  /** Finishes what a turn left unfinished; `number` counts from 1 within the attempt. */
  | { readonly type: 'finish'; readonly number: number; readonly reason: Failure }

/** What to do next. Whoever does it reports how it went, see {@link Outcome}. */
export type Step =
  /** Wait for a slot and prepare the place. */
  | { readonly type: 'begin'; readonly turn: Turn }
  | { readonly type: 'work'; readonly turn: Turn }
  /** `failure`: why it will not land. */
  | { readonly type: 'collect'; readonly failure?: Failure }
  | { readonly type: 'judge' | 'review' | 'land' | 'bring_together' }
  /** Find out whether the base itself fails. */
  | { readonly type: 'weigh'; readonly reason: Failure; readonly repair: Repair }
  | { readonly type: 'end'; readonly end: End }

/** How a step went. */
export type Outcome =
  | ({ readonly type: 'turn_began'; readonly turn: Turn } & TurnFacts)
  | { readonly type: 'no_slot'; readonly why: NoSlot }
  /** No place is available, or its work is gone. */
  | { readonly type: 'no_place'; readonly failure: Failure }
  | { readonly type: 'agent_ended'; readonly failure?: Failure; readonly sessionId?: string; readonly used?: Baseline }
  /** `failure`: it will not land. */
  | { readonly type: 'collected'; readonly commit: string; readonly failure?: Failure }
  /** There is nothing that could land. */
  | { readonly type: 'nothing_to_land'; readonly how: 'unchanged' | 'in_place' }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** Its agent was refused a tool, and left nothing to land. */
  | { readonly type: 'refused'; readonly failure: Failure }
  /** Judged, reviewed or landed. */
  | { readonly type: 'passed' }
  | { readonly type: 'kept_out'; readonly failure: Failure }
  | { readonly type: 'weighed'; readonly decision: Weighed }
  | { readonly type: 'brought_together' | 'not_brought_together' }

/** What follows, depending on whose fault it is; `canceled`: the run was canceled meanwhile. */
export type Weighed = Exclude<BaseDecision, 'take_up'> | 'canceled'

export interface TurnFacts {
  readonly agent: ProviderModel
  readonly resumes: boolean
  readonly workspace?: string
  readonly base?: string
  /** The digest of what its agent is told, if it is told the task. */
  readonly text?: string
  /** What its first turn goes on with. */
  readonly inherited?: Pick<Begun, 'used' | 'merges'>
}

/** What the next step depends on, besides the course. */
export interface Rules {
  readonly repairRounds: number
  readonly isCanceled: boolean
  /** The task may spend nothing more. */
  readonly isSpent: boolean
  /** Its conversation can be continued. */
  readonly canResume: boolean
}

/** Most turns of an attempt that may finish what another one left unfinished; after that the attempt has failed. */
const mostFinishing = 2
/** How often a landing is tried if autopilot's own git fails: the work is paid for, and nobody is to blame. */
const mostLandings = 3

export const wasCanceled: Failure = failure('canceled', 'The attempt was canceled.')

export function newCourse(attempt: number): NotBegun {
  return { attempt, state: { type: 'queued', turn: { type: 'begin' } } }
}

/** A command can't be told a reason, so its result goes to the next attempt. */
export function mayRepair({ round, agent }: Begun, { repairRounds }: Pick<Rules, 'repairRounds'>): boolean {
  return round < repairRounds && agent.provider !== commandProvider
}

/** The commit of the last turn's work, once collected. */
export function workOf({ state, collected }: Begun): string | undefined {
  return isFinished(state) || state.type === 'ended' ? collected : undefined
}

/** Its agent has ended well, and its work is collected. */
export function isFinished(state: State): boolean {
  if (state.type === 'repairing') return state.isCollected
  return state.type === 'judging' || state.type === 'reviewing' || state.type === 'landing'
}

/** The text that its agent works by, if that is certain. */
export function knownText({ texts }: Begun): string | undefined {
  return texts.length === 1 ? texts[0] : undefined
}

export function nextStep(course: Course, rules: Rules): Step {
  if ('agent' in course) return stepOf(course, rules)
  const { state } = course
  return state.type === 'queued' ? { type: 'begin', turn: state.turn } : { type: 'end', end: state.end }
}

function stepOf(course: Begun, rules: Rules): Step {
  const { state } = course
  switch (state.type) {
    case 'queued':
      return { type: 'begin', turn: state.turn }
    case 'ended':
      return { type: 'end', end: state.end }
    case 'working':
      return { type: 'work', turn: state.turn }
    case 'unfinished':
      return finishOrCollect(course, state.reason, rules)
    case 'collecting':
      return { ...state, type: 'collect' }
    case 'judging':
      return { type: 'judge' }
    case 'reviewing':
      return { type: 'review' }
    case 'landing':
      return { type: 'land' }
    case 'repairing':
      return repairOrEnd(course, state, rules)
  }
}

function finishOrCollect({ finishing }: Begun, reason: Failure, rules: Rules): Step {
  if (rules.isCanceled) return { type: 'collect', failure: wasCanceled }
  const canFinish = rules.canResume && finishing < mostFinishing && !rules.isSpent
  if (!canFinish) return { type: 'collect', failure: reason }
  return { type: 'begin', turn: { type: 'finish', number: finishing + 1, reason } }
}

function repairOrEnd(course: Begun, state: Repairing, rules: Rules): Step {
  const { reason, stage, fault, isCollected } = state
  const isUsedUp = !mayRepair(course, rules)
  if (stage === 'weigh') {
    const repair = isUsedUp ? 'used_up' : rules.isSpent ? 'impossible' : 'possible'
    return { type: 'weigh', reason, repair }
  }
  const why = fault === 'base' ? baseRed(reason) : reason
  const isRepairable = stage !== 'impossible' && !isUsedUp && consequencesOf(why.kind).repairable === true
  // It isn't given up: a resumed run continues here.
  if (isRepairable && rules.isCanceled) return { type: 'end', end: keptOut(wasCanceled, isCollected) }
  if (!isRepairable || rules.isSpent)
    return fault === 'base'
      ? { type: 'weigh', reason, repair: 'impossible' }
      : { type: 'end', end: keptOut(reason, isCollected) }
  if (stage === 'apart') return { type: 'bring_together' }
  return { type: 'begin', turn: { type: 'repair', round: course.round + 1, reason: why, asLeft: !isCollected } }
}

function baseRed({ message, ...more }: Failure): Failure {
  return { ...more, kind: 'base_red', message: `${message} It fails on the base, too: nothing lands until it passes.` }
}

export function afterOutcome(course: Course, outcome: Outcome): Course {
  if ('agent' in course) return afterBegun(course, outcome)
  if (outcome.type === 'turn_began') return begun(course.attempt, outcome)
  if (outcome.type === 'no_place') return { ...course, state: ended(failed(outcome.failure)) }
  return outcome.type === 'no_slot' ? { ...course, state: ended(noSlot(outcome.why)) } : course
}

/** Like {@link afterOutcome}, for an attempt that has already begun and stays so. */
export function afterBegun(course: Begun, outcome: Outcome): Begun {
  if (outcome.type === 'turn_began') return turnBegan(course, outcome)
  if (outcome.type === 'agent_ended') return agentEnded(course, outcome)
  if (outcome.type !== 'collected') return { ...course, state: stateAfter(course.state, outcome) }
  const state: State = outcome.failure ? ended(failed(outcome.failure)) : { type: 'judging' }
  return { ...course, collected: outcome.commit, state }
}

type OfState = Exclude<Outcome, { type: 'turn_began' | 'agent_ended' | 'collected' }>

/** Outcomes that change only what the attempt is doing. */
function stateAfter(state: State, outcome: OfState): State {
  switch (outcome.type) {
    case 'no_slot':
      return withoutSlot(state, outcome.why)
    case 'no_place':
    case 'failed':
      return ended(failed(outcome.failure))
    case 'nothing_to_land':
      return ended({ type: 'done', how: outcome.how })
    case 'refused':
      return { type: 'repairing', reason: outcome.failure, isCollected: false, stage: 'together', fault: 'own' }
    case 'passed':
      return afterPassing(state)
    case 'kept_out':
      return afterKeptOut(state, outcome.failure)
    case 'weighed':
      return state.type === 'repairing' ? afterWeighing(state, outcome.decision) : state
    case 'brought_together':
      return state.type === 'repairing' ? { ...state, stage: 'together' } : state
    case 'not_brought_together':
      return state.type === 'repairing' ? { ...state, stage: 'impossible' } : state
  }
}

/** An attempt at its first turn. */
export function begun(attempt: number, { agent, resumes, workspace = '', base, text, inherited }: TurnFacts): Begun {
  return {
    ...{ attempt, agent, workspace, round: 0, finishing: 0, repaired: [], refusals: [] },
    ...{ used: noBaseline, merges: [], ...inherited },
    ...present({ base }),
    texts: text === undefined ? [] : [text],
    state: { type: 'working', turn: { type: 'begin' }, resumes },
  }
}

type Began = Extract<Outcome, { type: 'turn_began' }>

function turnBegan(course: Begun, { turn, agent, resumes, workspace = course.workspace, base, text }: Began): Begun {
  // A stand-in changes nothing of what is known.
  const isAgain = course.state.type === 'queued' && course.state.lost !== undefined
  const { texts } = course
  const next: Begun = {
    ...{ ...course, agent, workspace, ...together(course, base) },
    texts: text === undefined || text === texts.at(-1) ? texts : [...texts, text],
    state: { type: 'working', turn, resumes },
  }
  if (turn.type === 'finish') return { ...next, finishing: turn.number }
  if (turn.type !== 'repair') return next
  const repaired = isAgain ? course.repaired : [...course.repaired, turn.reason]
  return { ...next, round: turn.round, repaired, refusals: [] }
}

/** The turn begins with the work so far and this tip. */
function together(course: Begun, tip: string | undefined): Pick<Begun, 'base' | 'merges'> {
  const { base, merges } = course
  if (tip === undefined) return { merges, ...present({ base }) }
  const commit = workOf(course)
  const isMerge = commit !== undefined && base !== undefined
  return { base: tip, merges: isMerge ? [...merges, { commit, base, tip }] : merges }
}

function agentEnded(course: Begun, { failure: why, sessionId = course.sessionId, used }: AgentEnded): Begun {
  const { state, texts } = course
  const next: Mutable<Begun> = {
    ...course,
    ...(used ? { used } : {}),
    ...(sessionId === undefined ? {} : { sessionId }),
  }
  // It has taken in what it was told.
  if (!why) return { ...next, texts: texts.slice(-1), state: { type: 'collecting' } }
  if (why.kind === 'unfinished') return { ...next, state: { type: 'unfinished', reason: why } }
  if (why.kind !== 'session_lost') return { ...next, state: { type: 'collecting', failure: why } }
  delete next.sessionId
  const isAgain = state.type === 'working' && state.resumes
  return {
    ...next,
    state: isAgain ? { type: 'queued', turn: state.turn, lost: why } : { type: 'collecting', failure: why },
  }
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] }

type AgentEnded = Extract<Outcome, { type: 'agent_ended' }>

function withoutSlot(state: State, why: NoSlot): State {
  const isAborted = why.reason === 'aborted'
  if (state.type === 'repairing')
    return isAborted ? ended(keptOut(wasCanceled, state.isCollected)) : { ...state, stage: 'impossible' }
  const reason = state.type === 'queued' ? state.lost : state.type === 'unfinished' ? state.reason : undefined
  return reason ? { type: 'collecting', failure: isAborted ? wasCanceled : reason } : ended(noSlot(why))
}

function afterPassing({ type }: State): State {
  if (type === 'judging') return { type: 'reviewing' }
  return type === 'reviewing' ? { type: 'landing', tries: 0 } : ended({ type: 'done', how: 'integrated' })
}

function afterKeptOut(state: State, why: Failure): State {
  const isAgain = state.type === 'landing' && why.ownGit === true
  if (isAgain && state.tries + 1 < mostLandings) return { type: 'landing', tries: state.tries + 1 }
  // If necessary, the next run lands it without paying another agent.
  const reason: Failure = isAgain ? { ...why, uncollected: true } : why
  return { type: 'repairing', reason, isCollected: true, stage: 'weigh', fault: 'own' }
}

function afterWeighing(state: Repairing, decision: Weighed): State {
  switch (decision) {
    case 'own':
      return { ...state, stage: 'apart', fault: 'own' }
    case 'repair':
      return { ...state, stage: 'apart', fault: 'base' }
    case 'judge_again':
      return { type: 'judging' }
    case 'over':
      return ended(keptOut(baseRed(state.reason), true))
    case 'canceled':
      return ended(keptOut(wasCanceled, true))
  }
}

function ended(end: End): Ended {
  return { type: 'ended', end }
}

function noSlot(why: NoSlot): End {
  return { type: 'no_slot', why }
}

function failed(why: Failure): End {
  return { type: 'failed', failure: why, isFinished: false }
}

function keptOut(why: Failure, isFinished: boolean): End {
  return { type: 'failed', failure: why, isFinished }
}
