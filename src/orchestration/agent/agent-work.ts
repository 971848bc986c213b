import type { CommitId } from '../../domain/brand.js'
import type { AttemptId } from '../../domain/attempt/attempt.js'
import type { Evidence } from '../../domain/agent/attempt.js'
import type { Budget } from '../../domain/accounts/budget.js'
import type { Baseline } from '../../domain/accounts/counted.js'
import type { Prices } from '../../domain/accounts/price.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { WorkNumber } from '../../domain/agent/work-number.js'
import type { Clock } from '../../domain/clock.js'
import type { Numbering } from '../../domain/secrets/env-template.js'
import type { Mask } from '../../domain/secrets/mask.js'
import type { Assignment, Provider } from '../../providers/adapter/contract.js'
import type { EnvironmentOf } from '../../providers/environment.js'
import type { Withheld } from '../../providers/withheld.js'
import type { AgentWatch } from '../agent-watch.js'
import type { Recorder } from '../recorder.js'
import type { AgentRunner } from './contract.js'
import type { TurnLimits } from './limits.js'
import type { SlotLeftovers } from './slot-leftovers.js'

/** What is the same for every agent of a run. */
export interface AgentSettings {
  readonly clock: Clock
  readonly recorder: Recorder
  readonly runner: AgentRunner
  /** The provider with this name; undefined if there is none. */
  readonly findProvider: (name: string) => Provider | undefined
  /** Masks secrets in the attempt's files and in its records. */
  readonly mask: Mask
  /** The same for one agent, whose environment may contain its task's values. */
  readonly maskAt?: (where: WorkNumber) => Mask
  /** The environment of a provider's agents, before the CLI's own additions. */
  readonly environmentOf: EnvironmentOf
  /** What is set here and they do not see. */
  readonly withheldOf: (provider: Provider) => Withheld
  /** Why the CLI cannot be started in a directory; asked before each agent. */
  readonly checkIn: (provider: Provider, cwd: string) => Promise<Failure | undefined>
  /** From the configuration; it wins over what autopilot tells the CLI. */
  readonly extraEnv: Readonly<Record<string, string>>
  /** What each slot has of its own; part of what `environmentOf` returns. */
  readonly numbering?: Numbering
  readonly leftovers?: SlotLeftovers
  readonly signal: AbortSignal
  readonly watch: AgentWatch
  /** For CLIs that do not tell what they cost. */
  readonly prices: Prices
}

/** One agent of an attempt: its first, that of a repair round, or a reviewer of its work. */
export interface AgentWork extends AttemptId, TurnLimits {
  readonly slot: string
  readonly provider: Provider
  readonly assignment: Assignment
  /** The commit that the work is a change of; absent in place. */
  readonly base?: CommitId
  /** Directory for its prompt and output. */
  readonly logDir: string
  /** The repair round, counted from 1; absent for the attempt's first agent. */
  readonly round?: number
  /** The how-manieth turn of the attempt it is that finishes what one before left unfinished. */
  readonly finishing?: number
  /** A second agent of the same round. */
  readonly standsIn?: true
  /** The number of the review, counted from 1 within the attempt, if it is a review. */
  readonly review?: number
  /** How often the run was resumed, if it continues what was interrupted with it. */
  readonly takenUp?: number
  /** What the totals of the conversation that is resumed are compared with. */
  readonly usedBefore?: Baseline
  /** It is ended when it has reported so much. */
  readonly budget?: Budget
}

export interface AgentEnd {
  readonly evidence: Evidence
  /** Why the agent did not end well; judged by exit status and final event together. */
  readonly failure?: Failure
  /** What to compare the conversation's next total with. */
  readonly used: Baseline
  /** The id of the conversation to continue; absent if there is none. */
  readonly conversation?: string
}
