import type { CommitId } from '../brand.js'
import { noBaseline, type Baseline } from '../accounts/counted.js'
import type { Failure } from '../agent/failure.js'
import type { ProviderModel } from '../agent/provider-model.js'
import type { BaseDecision } from '../landing/base.js'
import { present } from '../present.js'
import { isFinished, workOf, type Begun, type Course, type Repairing, type State, type Turn } from './course.js'
import { baseRed, ended, failed, wasCanceled, type NoSlot } from './end.js'

/** How a step went. */
export type Outcome =
  | ({ readonly type: 'turn_began'; readonly turn: Turn } & TurnFacts)
  | { readonly type: 'no_slot'; readonly why: NoSlot }
  /** No place is available, or its work is gone. */
  | { readonly type: 'no_place'; readonly failure: Failure }
  | { readonly type: 'agent_ended'; readonly failure?: Failure; readonly sessionId?: string; readonly used?: Baseline }
  /** `failure`: it will not land. */
  | { readonly type: 'collected'; readonly commit: CommitId; readonly failure?: Failure }
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
  /** Its task was canceled on its own: it goes no further, whatever it has achieved. */
  | { readonly type: 'withdrawn' }

/** What follows, depending on whose fault it is; `canceled`: the run was canceled meanwhile. */
export type Weighed = Exclude<BaseDecision, 'take_up'> | 'canceled'

export interface TurnFacts {
  readonly agent: ProviderModel
  readonly resumes: boolean
  readonly workspace?: string
  readonly base?: CommitId
  /** The digest of what its agent is told, if it is told the task. */
  readonly text?: string
  /** What its first turn goes on with. */
  readonly inherited?: Pick<Begun, 'used' | 'merges'>
}

/** How often a landing is tried if autopilot's own git fails: the work is paid for, and nobody is to blame. */
const maxLandings = 3

export function afterOutcome(course: Course, outcome: Outcome): Course {
  if ('agent' in course) return afterBegun(course, outcome)
  if (outcome.type === 'turn_began') return begun(course.attempt, outcome)
  if (outcome.type === 'no_place') return { ...course, state: ended(failed(outcome.failure)) }
  return outcome.type === 'no_slot' ? { ...course, state: ended({ type: 'no_slot', why: outcome.why }) } : course
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
    case 'withdrawn':
      return ended(failed(wasCanceled, isFinished(state)))
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
function together(course: Begun, tip: CommitId | undefined): Pick<Begun, 'base' | 'merges'> {
  const { base, merges } = course
  if (tip === undefined) return { merges, ...present({ base }) }
  const commit = workOf(course)
  const isMerge = commit !== undefined && base !== undefined
  return { base: tip, merges: isMerge ? [...merges, { commit, base, tip }] : merges }
}

function agentEnded(
  course: Begun,
  { failure: why, sessionId = course.sessionId, used = course.used }: AgentEnded,
): Begun {
  const { state, texts } = course
  const next: Mutable<Begun> = { ...course, used, ...present({ sessionId }) }
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
    return isAborted ? ended(failed(wasCanceled, state.isCollected)) : { ...state, stage: 'impossible' }
  const reason = state.type === 'queued' ? state.lost : state.type === 'unfinished' ? state.reason : undefined
  return reason ? { type: 'collecting', failure: isAborted ? wasCanceled : reason } : ended({ type: 'no_slot', why })
}

function afterPassing({ type }: State): State {
  if (type === 'judging') return { type: 'reviewing' }
  return type === 'reviewing' ? { type: 'landing', tries: 0 } : ended({ type: 'done', how: 'integrated' })
}

function afterKeptOut(state: State, why: Failure): State {
  const isAgain = state.type === 'landing' && why.ownGit === true
  if (isAgain && state.tries + 1 < maxLandings) return { type: 'landing', tries: state.tries + 1 }
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
      return ended(failed(baseRed(state.reason), true))
    case 'canceled':
      return ended(failed(wasCanceled, true))
  }
}
