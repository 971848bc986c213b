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
import type { Keep, Setup } from '../domain/setup.js'

/** The settings of a run; {@link settings} is the table of them. Times in ms. */
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
  /** How many setups run at once. */
  readonly setupJobs: number
  /** How many finished tasks are judged together at most. */
  readonly mergeBatch: number
  /** Whether the target's tip is judged by `gates:`, too. */
  readonly baseGates: 'judge' | 'skip'
  readonly output: 'human' | 'json'
  readonly dryRun: boolean
  readonly only?: readonly string[]
  readonly limit?: number
  /** Tasks to be done again, though they have landed. */
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
  readonly keep: Keep
  readonly link: readonly string[]
  /** Where secrets are that are not to be shown: dotenv files, relative to the configuration, and names of variables. */
  readonly secrets: { readonly files: readonly string[]; readonly names: readonly string[] }
  /** Path of a prompt template, relative to the configuration file. */
  readonly prompt?: string
  readonly statuses: Readonly<Record<string, string>>
  readonly workspacesDir?: string
}

/** A setting of runs: all there is to know of it. */
export interface Setting<Value> {
  readonly read: ReadValue<Value>
  /** Of a list: how one of its values is read. */
  readonly each?: ReadValue<unknown>
  /** Its flag, as commander has it, and what help says of it. */
  readonly flag: string
  readonly help: string
  /** Variables of the environment, weakest first: the short names are those that make and the script pass. */
  readonly variables: readonly string[]
  /** Its key in `autopilot.yaml`. */
  readonly key?: string
  readonly default?: Value
  /** The commands that take its flag; what a run is about is not changed when it goes on. */
  readonly on: readonly ('run' | 'resume')[]
  /** A run that was stopped is gone on with only by one that has the same. */
  readonly identifies: boolean
}

const both = ['run', 'resume'] as const
const runOnly = ['run'] as const

/** The table of all settings, in the order of the help. Flags, variables, keys and defaults are read from here alone. */
export const settings = {
  agents: {
    read: wholeNumber(1, 256),
    flag: '-a, --agents <n>',
    help: 'agent slots: how many agents work at once (default 5)',
    variables: ['AGENTS', 'AUTOPILOT_AGENTS'],
    key: 'agents',
    default: 5,
    on: both,
    identifies: false,
  },
  iterations: {
    read: wholeNumber(1, 20),
    flag: '-i, --iterations <n>',
    help: 'attempts a task has at most (default 3)',
    variables: ['MAX_ITERATIONS', 'AUTOPILOT_ITERATIONS'],
    key: 'iterations',
    default: 3,
    on: both,
    identifies: false,
  },
  repairRounds: {
    read: wholeNumber(0, 20),
    flag: '--repair-rounds <n>',
    help: 'times that work goes back to its agent when a gate or a conflict keeps it out (default 2; 0: never)',
    variables: ['AUTOPILOT_REPAIR_ROUNDS'],
    key: 'repair_rounds',
    default: 2,
    on: both,
    identifies: false,
  },
  providers: {
    ...listOf(providerChoice),
    flag: '-p, --provider <name[:model][=cap]>',
    help: 'agent CLIs to use, in this order: claude, codex',
    variables: ['AUTOPILOT_PROVIDER'],
    key: 'providers',
    on: both,
    identifies: false,
  },
  only: {
    ...listOf(anyText),
    flag: '--only <id>',
    help: 'run only this task, or the tasks of this group',
    variables: ['AUTOPILOT_ONLY'],
    on: runOnly,
    identifies: true,
  },
  limit: {
    read: wholeNumber(1, 20_000),
    flag: '--limit <n>',
    help: 'run at most so many tasks',
    variables: ['AUTOPILOT_LIMIT'],
    on: runOnly,
    identifies: true,
  },
  redo: {
    ...listOf(anyText),
    flag: '--redo <id>',
    help: 'do this task again, though its work has landed',
    // It is meant once.
    variables: [],
    on: runOnly,
    identifies: true,
  },
  isolation: {
    read: oneOf(['workspace', 'none']),
    flag: '--isolation <how>',
    help: 'workspace: each agent in a work tree of its own (default); none: in place',
    variables: ['AUTOPILOT_ISOLATION'],
    key: 'isolation',
    default: 'workspace',
    on: runOnly,
    identifies: true,
  },
  target: {
    read: anyText,
    flag: '--target <branch>',
    help: 'where work arrives (default autopilot/<your branch>); current: your branch and files',
    variables: ['AUTOPILOT_TARGET'],
    key: 'target',
    on: runOnly,
    identifies: true,
  },
  permissions: {
    read: oneOf(['edit', 'full']),
    flag: '--permissions <mode>',
    help: 'edit: agents may change files (default); full: anything',
    variables: ['AUTOPILOT_PERMISSIONS'],
    key: 'permissions',
    default: 'edit',
    on: both,
    identifies: false,
  },
  onDenied: {
    read: oneOf(['warn', 'fail']),
    flag: '--on-denied <what>',
    help: 'when an agent is refused a tool, warn (default) or fail: it must do without first',
    variables: ['AUTOPILOT_ON_DENIED'],
    key: 'on_denied',
    default: 'warn',
    on: both,
    identifies: false,
  },
  timeoutMs: {
    read: duration,
    flag: '--timeout <duration>',
    help: 'time limit of an attempt, such as 45m (default 1h)',
    variables: ['AUTOPILOT_TIMEOUT'],
    key: 'timeout',
    default: 60 * 60_000,
    on: both,
    identifies: false,
  },
  idleTimeoutMs: {
    read: durationOrNone,
    flag: '--idle-timeout <duration>',
    help: 'end an attempt that prints nothing and uses no processor time for so long (default 10m; 0: never)',
    variables: ['AUTOPILOT_IDLE_TIMEOUT'],
    key: 'idle_timeout',
    default: 10 * 60_000,
    on: both,
    identifies: false,
  },
  background: {
    read: onOff,
    flag: '--background <on|off>',
    help: "on: leave background work to the agents' CLIs; off: switch it off where they can (default)",
    variables: ['AUTOPILOT_BACKGROUND'],
    key: 'background',
    default: false,
    on: both,
    identifies: false,
  },
  backgroundTimeoutMs: {
    read: durationOrNone,
    flag: '--background-timeout <duration>',
    help: 'end an agent whose background work goes on for so long after its last result (default 5m; 0: never)',
    variables: ['AUTOPILOT_BACKGROUND_TIMEOUT'],
    key: 'background_timeout',
    default: 5 * 60_000,
    on: both,
    identifies: false,
  },
  timeLimitMs: {
    read: duration,
    flag: '--time-limit <duration>',
    help: 'start nothing more after so long, and end with 75',
    variables: ['AUTOPILOT_TIME_LIMIT'],
    key: 'time_limit',
    on: both,
    identifies: false,
  },
  drainMs: {
    read: durationOrNone,
    flag: '--drain <duration>',
    help: 'how long running agents may go on after the first signal or the time limit (default 0)',
    variables: ['AUTOPILOT_DRAIN'],
    key: 'drain',
    default: 0,
    on: both,
    identifies: false,
  },
  onLimit: {
    read: oneOf(['wait', 'stop']),
    flag: '--on-limit <what>',
    help: 'when all providers are limited, wait (default) or stop with 75 (default in CI)',
    variables: ['AUTOPILOT_ON_LIMIT'],
    key: 'on_limit',
    on: both,
    identifies: false,
  },
  maxWaitMs: {
    read: duration,
    flag: '--max-wait <duration>',
    help: 'stop with 75 rather than wait longer for a limit',
    variables: ['AUTOPILOT_MAX_WAIT'],
    key: 'max_wait',
    on: both,
    identifies: false,
  },
  maxTotalAttempts: {
    read: wholeNumber(1, 1000),
    flag: '--max-total-attempts <n>',
    help: 'attempts a task has over all resumes (default 10)',
    variables: ['AUTOPILOT_MAX_TOTAL_ATTEMPTS'],
    key: 'max_total_attempts',
    on: both,
    identifies: false,
  },
  budgetUsd: {
    read: usd,
    flag: '--budget <usd>',
    help: 'what the run may cost in USD; 75 when it is used up',
    variables: ['AUTOPILOT_BUDGET'],
    key: 'budget',
    on: both,
    identifies: false,
  },
  budgetTokens: {
    read: wholeNumber(1, 10 ** 15),
    flag: '--budget-tokens <n>',
    help: 'tokens that the run may use, as --budget',
    variables: ['AUTOPILOT_BUDGET_TOKENS'],
    key: 'budget_tokens',
    on: both,
    identifies: false,
  },
  budgetAction: {
    read: oneOf(['finish', 'end']),
    flag: '--budget-action <what>',
    help: 'when it is used up, agents at work finish (default) or are ended: end',
    variables: ['AUTOPILOT_BUDGET_ACTION'],
    key: 'budget_action',
    default: 'finish',
    on: both,
    identifies: false,
  },
  gateJobs: {
    read: wholeNumber(1, 256),
    flag: '--gate-jobs <n>',
    help: 'gates that run at once (default: half the cores)',
    variables: ['AUTOPILOT_GATE_JOBS'],
    key: 'gate_jobs',
    default: Math.max(1, Math.floor(cpus().length / 2)),
    on: both,
    identifies: false,
  },
  setupJobs: {
    read: wholeNumber(1, 256),
    flag: '--setup-jobs <n>',
    help: 'setups that run at once (default: one more than twice the cores)',
    variables: ['AUTOPILOT_SETUP_JOBS'],
    key: 'setup_jobs',
    // They mostly wait for a network. One more, since gates need a place as well as the first agents.
    default: 2 * cpus().length + 1,
    on: both,
    identifies: false,
  },
  mergeBatch: {
    read: wholeNumber(1, 256),
    flag: '--merge-batch <n>',
    help: 'finished tasks that gates judge together at most (default 16; 1: one at a time)',
    variables: ['AUTOPILOT_MERGE_BATCH'],
    key: 'merge_batch',
    default: 16,
    on: both,
    identifies: false,
  },
  baseGates: {
    read: oneOf(['judge', 'skip']),
    flag: '--base-gates <what>',
    help: 'judge the target by the gates beside the first agents (default), or skip that',
    variables: ['AUTOPILOT_BASE_GATES'],
    key: 'base_gates',
    default: 'judge',
    on: both,
    identifies: false,
  },
  dryRun: {
    read: onOff,
    flag: '--dry-run',
    help: 'make the checks of a run and end with its code; show order, routes, holds and commands; start no agent',
    variables: ['DRY_RUN', 'AUTOPILOT_DRY_RUN'],
    default: false,
    on: runOnly,
    identifies: false,
  },
  output: {
    read: oneOf(['human', 'json']),
    flag: '--output <format>',
    help: 'human (default), or json: one event a line on stdout',
    variables: ['AUTOPILOT_OUTPUT'],
    default: 'human',
    on: both,
    identifies: false,
  },
} as const satisfies { readonly [Key in keyof RunSettings]-?: Setting<NonNullable<RunSettings[Key]>> }

/** The table as rows. */
export const settingRows = Object.entries(settings) as readonly (readonly [keyof RunSettings, Setting<unknown>])[]

/** The settings that the environment makes; an empty variable counts as not set. The error names the variable. */
export function settingsFromEnvironment(env: Environment): Result<Partial<RunSettings>, string> {
  const found: Record<string, unknown> = {}
  for (const [name, { variables, read }] of settingRows) {
    for (const variable of variables) {
      const text = env[variable]
      if (text === undefined || text === '') continue
      const value = read(text)
      if (!value.ok) return err(`${variable}: ${value.error}`)
      found[name] = value.value
    }
  }
  return ok(found)
}

/** Lowest first: default, configuration, environment, flags. */
export function mergeSettings(...layers: readonly Partial<RunSettings>[]): RunSettings {
  const defaults = settingRows.flatMap(([name, setting]) =>
    setting.default === undefined ? [] : [[name, setting.default] as const],
  )
  return Object.assign(Object.fromEntries(defaults), ...layers) as RunSettings
}

/** Several values in one text, separated by commas. */
function listOf<Value>(each: ReadValue<Value>) {
  const read: ReadValue<readonly Value[]> = (text) => {
    const values: Value[] = []
    for (const part of text.split(',')) {
      const value = each(part.trim())
      if (!value.ok) return value
      values.push(value.value)
    }
    return ok(values)
  }
  return { each, read }
}
