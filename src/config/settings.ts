import { cpus } from 'node:os'
import type { Budget } from '../domain/accounts/budget.js'
import type { Environment } from '../domain/process/environment.js'
import type { EnvTemplates } from '../domain/secrets/env-template.js'
import type { PortRange } from '../platform/locks/port-blocks.js'
import type { Gate } from '../domain/landing/gate.js'
import type { WaitPolicy } from '../domain/accounts/governor.js'
import type { Prices } from '../domain/accounts/price.js'
import type { ProviderModel, Permissions } from '../domain/agent/provider-model.js'
import { err, ok, type Result } from '../domain/result.js'
import type { Review } from '../domain/landing/review.js'
import type { Complexity } from '../domain/roadmap/task.js'
import {
  anyText,
  duration,
  durationOrNone,
  onOff,
  oneOf,
  providerChoice,
  usd,
  wholeNumber,
  type ProviderChoice,
  type ReadValue,
} from './value.js'
import type { Setup } from '../domain/setup.js'

/** What can be set by flag, by environment and, but for the last three, by configuration. Times in ms. */
export interface RunSettings {
  readonly agents: number
  readonly iterations: number
  /** How often, within an attempt, work that was kept out goes back to its agent. */
  readonly repairRounds: number
  readonly providers?: readonly ProviderChoice[]
  readonly isolation: 'workspace' | 'none'
  readonly target?: string
  readonly permissions: Permissions
  /** Whether an agent that was refused a tool is only told of, or its turn has failed. */
  readonly onDenied: 'warn' | 'fail'
  readonly timeoutMs: number
  /** How long an agent may give no sign of life; 0: for ever. */
  readonly idleTimeoutMs: number
  /** Background work is left to the agents' CLIs. */
  readonly background: boolean
  /** How long what an agent left in the background may go on after its last result; 0: for ever. */
  readonly backgroundTimeoutMs: number
  /** How long the run may take before nothing starts any more. */
  readonly timeLimitMs?: number
  /** How long what runs may go on when the run is stopped. */
  readonly drainMs: number
  /** Whether the run waits when all providers are limited; without, it depends on where it runs. */
  readonly onLimit?: WaitPolicy['onLimit']
  /** The most that it waits then. */
  readonly maxWaitMs?: number
  /** The most attempts that a task may have over all resumes. */
  readonly maxTotalAttempts?: number
  /** What the run may cost, in USD. */
  readonly budgetUsd?: number
  /** How many tokens the run may use. */
  readonly budgetTokens?: number
  /** What becomes of agents at work when the budget is used up. */
  readonly budgetAction: 'finish' | 'end'
  /** How many gates run at once. */
  readonly gateJobs: number
  /** How many finished tasks are judged together at most. */
  readonly mergeBatch: number
  /** Whether the target's tip is judged by `gates:`, too. */
  readonly baseGates: 'judge' | 'skip'
  readonly output: 'human' | 'json'
  readonly dryRun: boolean
  readonly only?: readonly string[]
  readonly limit?: number
  /** Tasks to be done again, though they have landed; by flag alone, as it is meant once. */
  readonly redo?: readonly string[]
}

/** What only the configuration can say. */
export interface FileSettings {
  readonly routes: Partial<Readonly<Record<Complexity, readonly ProviderModel[]>>>
  /** What every task's work must pass before it lands. */
  readonly gates: readonly Gate[]
  /** Agents that judge every task's work, after the gates that are commands. */
  readonly reviews: readonly Review[]
  /** What each provider may spend in a run. */
  readonly budgets: Readonly<Record<string, Budget>>
  readonly prices: Prices
  readonly allow: readonly string[]
  /** Changes of agents to this configuration, and to the settings of agent CLIs, land like any other. */
  readonly agentsMayConfigure: boolean
  readonly env: Readonly<Record<string, string>>
  /** What AUTOPILOT_PORT is taken from. */
  readonly ports?: PortRange
  /** Variables of `env:` with placeholders. */
  readonly envTemplates: EnvTemplates
  readonly setup?: Setup
  readonly copy: readonly string[]
  readonly keep: readonly string[]
  readonly link: readonly string[]
  /** Where secrets are that are not to be shown: dotenv files, relative to the configuration, and names of variables. */
  readonly secrets: { readonly files: readonly string[]; readonly names: readonly string[] }
  /** Path of a prompt template, relative to the configuration file. */
  readonly prompt?: string
  readonly statuses: Readonly<Record<string, string>>
  readonly workspacesDir?: string
}

const defaults: RunSettings = {
  agents: 5,
  iterations: 3,
  repairRounds: 2,
  isolation: 'workspace',
  permissions: 'edit',
  onDenied: 'warn',
  timeoutMs: 60 * 60_000,
  idleTimeoutMs: 10 * 60_000,
  background: false,
  backgroundTimeoutMs: 5 * 60_000,
  drainMs: 0,
  gateJobs: Math.max(1, Math.floor(cpus().length / 2)),
  mergeBatch: 16,
  baseGates: 'judge',
  budgetAction: 'finish',
  output: 'human',
  dryRun: false,
}

/** How each setting is read from text. */
export const readers = {
  agents: wholeNumber(1, 256),
  iterations: wholeNumber(1, 20),
  repairRounds: wholeNumber(0, 20),
  providers: listOf(providerChoice),
  isolation: oneOf(['workspace', 'none']),
  target: anyText,
  permissions: oneOf(['edit', 'full']),
  onDenied: oneOf(['warn', 'fail']),
  timeoutMs: duration,
  idleTimeoutMs: durationOrNone,
  background: onOff,
  backgroundTimeoutMs: durationOrNone,
  timeLimitMs: duration,
  drainMs: durationOrNone,
  onLimit: oneOf(['wait', 'stop']),
  maxWaitMs: duration,
  maxTotalAttempts: wholeNumber(1, 1000),
  budgetUsd: usd,
  budgetTokens: wholeNumber(1, 10 ** 15),
  budgetAction: oneOf(['finish', 'end']),
  gateJobs: wholeNumber(1, 256),
  mergeBatch: wholeNumber(1, 256),
  baseGates: oneOf(['judge', 'skip']),
  output: oneOf(['human', 'json']),
  dryRun: onOff,
  only: listOf(anyText),
  limit: wholeNumber(1, 20_000),
  redo: listOf(anyText),
} as const satisfies { [Key in keyof RunSettings]-?: ReadValue<NonNullable<RunSettings[Key]>> }

/** Environment variables, weakest first: the short names are those that make and the script pass. */
const variables: readonly (readonly [string, keyof RunSettings])[] = [
  ['AGENTS', 'agents'],
  ['MAX_ITERATIONS', 'iterations'],
  ['DRY_RUN', 'dryRun'],
  ['AUTOPILOT_AGENTS', 'agents'],
  ['AUTOPILOT_ITERATIONS', 'iterations'],
  ['AUTOPILOT_REPAIR_ROUNDS', 'repairRounds'],
  ['AUTOPILOT_PROVIDER', 'providers'],
  ['AUTOPILOT_ISOLATION', 'isolation'],
  ['AUTOPILOT_TARGET', 'target'],
  ['AUTOPILOT_PERMISSIONS', 'permissions'],
  ['AUTOPILOT_ON_DENIED', 'onDenied'],
  ['AUTOPILOT_TIMEOUT', 'timeoutMs'],
  ['AUTOPILOT_IDLE_TIMEOUT', 'idleTimeoutMs'],
  ['AUTOPILOT_BACKGROUND', 'background'],
  ['AUTOPILOT_BACKGROUND_TIMEOUT', 'backgroundTimeoutMs'],
  ['AUTOPILOT_TIME_LIMIT', 'timeLimitMs'],
  ['AUTOPILOT_DRAIN', 'drainMs'],
  ['AUTOPILOT_ON_LIMIT', 'onLimit'],
  ['AUTOPILOT_MAX_WAIT', 'maxWaitMs'],
  ['AUTOPILOT_MAX_TOTAL_ATTEMPTS', 'maxTotalAttempts'],
  ['AUTOPILOT_BUDGET', 'budgetUsd'],
  ['AUTOPILOT_BUDGET_TOKENS', 'budgetTokens'],
  ['AUTOPILOT_BUDGET_ACTION', 'budgetAction'],
  ['AUTOPILOT_GATE_JOBS', 'gateJobs'],
  ['AUTOPILOT_MERGE_BATCH', 'mergeBatch'],
  ['AUTOPILOT_BASE_GATES', 'baseGates'],
  ['AUTOPILOT_OUTPUT', 'output'],
  ['AUTOPILOT_DRY_RUN', 'dryRun'],
  ['AUTOPILOT_ONLY', 'only'],
  ['AUTOPILOT_LIMIT', 'limit'],
]

/** The settings that the environment makes; an empty variable counts as not set. The error names the variable. */
export function settingsFromEnvironment(env: Environment): Result<Partial<RunSettings>, string> {
  const settings: Record<string, unknown> = {}
  for (const [variable, key] of variables) {
    const text = env[variable]
    if (text === undefined || text === '') continue
    const value = readers[key](text)
    if (!value.ok) return err(`${variable}: ${value.error}`)
    settings[key] = value.value
  }
  return ok(settings)
}

/** Lowest first: default, configuration, environment, flags. */
export function mergeSettings(...layers: readonly Partial<RunSettings>[]): RunSettings {
  return Object.assign({}, defaults, ...layers) as RunSettings
}

/** Several values in one text, separated by commas. */
function listOf<Value>(read: ReadValue<Value>): ReadValue<readonly Value[]> {
  return (text) => {
    const values: Value[] = []
    for (const part of text.split(',')) {
      const value = read(part.trim())
      if (!value.ok) return value
      values.push(value.value)
    }
    return ok(values)
  }
}
