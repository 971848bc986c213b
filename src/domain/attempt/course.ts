import type { CommitId } from '../brand.js'
import type { Baseline } from '../accounts/counted.js'
import type { Failure } from '../agent/failure.js'
import type { ProviderModel } from '../agent/provider-model.js'
import type { Refusal } from '../agent/refusal.js'
import { commandProvider } from '../routing/routing.js'
import type { Ended } from './end.js'

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
  readonly base?: CommitId
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
  readonly collected?: CommitId
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
  readonly commit: CommitId
  readonly base: CommitId
  readonly tip: CommitId
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
export interface Queued {
  readonly type: 'queued'
  readonly turn: Turn
  readonly lost?: Failure
}

/** Something speaks against the work, and it may go back to its agent. */
export interface Repairing {
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

export function newCourse(attempt: number): NotBegun {
  return { attempt, state: { type: 'queued', turn: { type: 'begin' } } }
}

/** A command can't be told a reason, so its result goes to the next attempt. */
export function mayRepair({ round, agent }: Begun, { repairRounds }: { readonly repairRounds: number }): boolean {
  return round < repairRounds && agent.provider !== commandProvider
}

/** The commit of the last turn's work, once collected. */
export function workOf({ state, collected }: Begun): CommitId | undefined {
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
