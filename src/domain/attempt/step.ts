import { consequencesOf, type Failure } from '../agent/failure.js'
import type { Repair } from '../landing/base.js'
import { mayRepair, type Begun, type Course, type Repairing, type Turn } from './course.js'
import { baseRed, failed, wasCanceled, type End } from './end.js'

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
const maxFinishing = 2

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
  const canFinish = rules.canResume && finishing < maxFinishing && !rules.isSpent
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
  if (isRepairable && rules.isCanceled) return { type: 'end', end: failed(wasCanceled, isCollected) }
  if (!isRepairable || rules.isSpent)
    return fault === 'base'
      ? { type: 'weigh', reason, repair: 'impossible' }
      : { type: 'end', end: failed(reason, isCollected) }
  if (stage === 'apart') return { type: 'bring_together' }
  return { type: 'begin', turn: { type: 'repair', round: course.round + 1, reason: why, asLeft: !isCollected } }
}
