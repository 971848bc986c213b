import { cpus } from 'node:os'
import type { Environment } from '../domain/process/environment.js'
import { defaultFormat, describeFormats, outputFormats, uiForms } from '../domain/output-format.js'
import type { RunSettings } from './run-settings.js'
import { mostSlots } from '../domain/agent/slot-change.js'
import { err, ok, type Result } from '../domain/result.js'
import {
  anyText,
  duration,
  durationOrNone,
  onOff,
  oneOf,
  permissionChoice,
  providerChoice,
  reads,
  usd,
  wholeNumber,
  type ReadValue,
} from './value.js'

export type { FileSettings } from './file-settings.js'
export type { RunSettings } from './run-settings.js'

/** Everything about one setting of a run. */
export interface Setting<Value> {
  readonly read: ReadValue<Value>
  /** For a list: reads one of its values. */
  readonly each?: ReadValue<unknown>
  /** In `autopilot.yaml` it may also be a map, each entry of which is a `NAME=VALUE` of the text. */
  readonly isMap?: true
  /** The flag in commander's notation; `help` is its text in `--help`. */
  readonly flag: string
  readonly help: string
  /** Environment variables, weakest first. make and the script pass the short names. */
  readonly variables: readonly string[]
  /** Its key in `autopilot.yaml`. */
  readonly key?: string
  readonly default?: Value
  /** The commands that take the flag. `resume` can't change what a run is about. */
  readonly on: readonly ('run' | 'resume')[]
  /** `run` continues a stopped run only if this setting is the same. */
  readonly identifies: boolean
}

const both = ['run', 'resume'] as const
const runOnly = ['run'] as const

/** All settings, in the order of `--help`: the only source of flags, variables, keys and defaults. */
export const settings = {
  agents: {
    read: wholeNumber(1, mostSlots),
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
    help: 'most attempts per task (default 3)',
    variables: ['MAX_ITERATIONS', 'AUTOPILOT_ITERATIONS'],
    key: 'iterations',
    default: 3,
    on: both,
    identifies: false,
  },
  repairRounds: {
    read: wholeNumber(0, 20),
    flag: '--repair-rounds <n>',
    help: 'how often an attempt may send work back to its agent after a failed gate or a conflict (default 2; 0: never)',
    variables: ['AUTOPILOT_REPAIR_ROUNDS'],
    key: 'repair_rounds',
    default: 2,
    on: both,
    identifies: false,
  },
  providers: {
    ...listOf(providerChoice),
    flag: '-p, --provider <name[:model][=cap]>',
    help: 'agent CLIs to use, in order of preference (default claude and codex); repeatable',
    variables: ['AUTOPILOT_PROVIDER'],
    key: 'providers',
    on: both,
    identifies: false,
  },
  only: {
    ...listOf(anyText),
    flag: '--only <id>',
    help: 'run only this task, or the tasks of this epic, milestone or set; repeatable',
    variables: ['AUTOPILOT_ONLY'],
    on: runOnly,
    identifies: true,
  },
  limit: {
    read: wholeNumber(1, 20_000),
    flag: '--limit <n>',
    help: 'run at most this many tasks',
    variables: ['AUTOPILOT_LIMIT'],
    on: runOnly,
    identifies: true,
  },
  redo: {
    ...listOf(anyText),
    flag: '--redo <id>',
    help: 'do this task again, although its work has landed; repeatable',
    // A redo is meant for one run only.
    variables: [],
    on: runOnly,
    identifies: true,
  },
  isolation: {
    read: oneOf(['workspace', 'none']),
    flag: '--isolation <how>',
    help: 'workspace: give each agent its own work tree (default); none: all work in your directory',
    variables: ['AUTOPILOT_ISOLATION'],
    key: 'isolation',
    default: 'workspace',
    on: runOnly,
    identifies: true,
  },
  target: {
    read: anyText,
    flag: '--target <branch>',
    help: 'branch where work lands (default autopilot/<your branch>); current: your own branch and files',
    variables: ['AUTOPILOT_TARGET'],
    key: 'target',
    on: runOnly,
    identifies: true,
  },
  permissions: {
    read: permissionChoice,
    isMap: true,
    flag: '--permissions <mode>',
    help: 'what agents may do: edit: change files (default); full: anything; NAME=full: for this provider alone',
    variables: ['AUTOPILOT_PERMISSIONS'],
    key: 'permissions',
    default: { general: 'edit', ofProviders: {} },
    on: both,
    identifies: false,
  },
  onDenied: {
    read: oneOf(['warn', 'fail']),
    flag: '--on-denied <what>',
    help: 'when an agent is refused a tool: warn (default), or fail: its work does not land until it does without',
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
    help: 'end an attempt that prints nothing and uses no processor time for this long (default 10m; 0: never)',
    variables: ['AUTOPILOT_IDLE_TIMEOUT'],
    key: 'idle_timeout',
    default: 10 * 60_000,
    on: both,
    identifies: false,
  },
  background: {
    read: onOff,
    flag: '--background <on|off>',
    help: 'on: let agent CLIs run work in the background; off: turn that off where the CLI can (default)',
    variables: ['AUTOPILOT_BACKGROUND'],
    key: 'background',
    default: false,
    on: both,
    identifies: false,
  },
  backgroundTimeoutMs: {
    read: durationOrNone,
    flag: '--background-timeout <duration>',
    help: 'end an agent whose background work runs this long after its last result (default 5m; 0: never)',
    variables: ['AUTOPILOT_BACKGROUND_TIMEOUT'],
    key: 'background_timeout',
    default: 5 * 60_000,
    on: both,
    identifies: false,
  },
  timeLimitMs: {
    read: duration,
    flag: '--time-limit <duration>',
    help: 'time limit of the run: after that start nothing more, and exit with 75',
    variables: ['AUTOPILOT_TIME_LIMIT'],
    key: 'time_limit',
    on: both,
    identifies: false,
  },
  drainMs: {
    read: durationOrNone,
    flag: '--drain <duration>',
    help: 'how long running agents may continue after the first signal or the time limit (default 0)',
    variables: ['AUTOPILOT_DRAIN'],
    key: 'drain',
    default: 0,
    on: both,
    identifies: false,
  },
  onLimit: {
    read: oneOf(['wait', 'stop']),
    flag: '--on-limit <what>',
    help: 'when every provider has hit a limit: wait (default), or stop with 75 (default in CI)',
    variables: ['AUTOPILOT_ON_LIMIT'],
    key: 'on_limit',
    on: both,
    identifies: false,
  },
  maxWaitMs: {
    read: duration,
    flag: '--max-wait <duration>',
    help: 'stop with 75 instead of waiting longer than this for a limit',
    variables: ['AUTOPILOT_MAX_WAIT'],
    key: 'max_wait',
    on: both,
    identifies: false,
  },
  maxTotalAttempts: {
    read: wholeNumber(1, 1000),
    flag: '--max-total-attempts <n>',
    help: 'most attempts per task over all resumes (default 10)',
    variables: ['AUTOPILOT_MAX_TOTAL_ATTEMPTS'],
    key: 'max_total_attempts',
    on: both,
    identifies: false,
  },
  budgetUsd: {
    read: usd,
    flag: '--budget <usd>',
    help: 'what the run may cost in USD; exit with 75 when it is used up',
    variables: ['AUTOPILOT_BUDGET'],
    key: 'budget',
    on: both,
    identifies: false,
  },
  budgetTokens: {
    read: wholeNumber(1, 10 ** 15),
    flag: '--budget-tokens <n>',
    help: 'how many tokens the run may use; works like --budget',
    variables: ['AUTOPILOT_BUDGET_TOKENS'],
    key: 'budget_tokens',
    on: both,
    identifies: false,
  },
  budgetAction: {
    read: oneOf(['finish', 'end']),
    flag: '--budget-action <what>',
    help: 'when a budget is used up: let running agents finish (default), or end them',
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
    // Setups mostly wait for the network. One more, because gates need a place while the first agents do.
    default: 2 * cpus().length + 1,
    on: both,
    identifies: false,
  },
  mergeBatch: {
    read: wholeNumber(1, 256),
    flag: '--merge-batch <n>',
    help: 'how many finished tasks gates judge together at most (default 16; 1: one at a time)',
    variables: ['AUTOPILOT_MERGE_BATCH'],
    key: 'merge_batch',
    default: 16,
    on: both,
    identifies: false,
  },
  baseGates: {
    read: oneOf(['judge', 'skip']),
    flag: '--base-gates <what>',
    help: 'judge the target with the gates while the first agents work (default), or skip that',
    variables: ['AUTOPILOT_BASE_GATES'],
    key: 'base_gates',
    default: 'judge',
    on: both,
    identifies: false,
  },
  dryRun: {
    read: onOff,
    flag: '--dry-run',
    help: 'do the checks of a run and exit with its code; show order, routes, holds and commands; start no agent',
    variables: ['DRY_RUN', 'AUTOPILOT_DRY_RUN'],
    default: false,
    on: runOnly,
    identifies: false,
  },
  workers: {
    read: onOff,
    flag: '--workers',
    help: 'run agents in worker processes, one for each slot, that stay alive from turn to turn',
    variables: ['AUTOPILOT_WORKERS'],
    key: 'workers',
    default: false,
    on: both,
    identifies: false,
  },
  oneShot: {
    read: onOff,
    flag: '--one-shot',
    help: 'with --workers: start the agent CLI anew for each turn, also where it could live on as a server',
    variables: ['AUTOPILOT_ONE_SHOT'],
    key: 'one_shot',
    default: false,
    on: both,
    identifies: false,
  },
  dotenv: {
    read: anyText,
    flag: '--dotenv <file>',
    help: "write what came of the run as AUTOPILOT_DONE=… lines, for GitLab's dotenv reports",
    variables: ['AUTOPILOT_DOTENV'],
    on: both,
    identifies: false,
  },
  verbose: {
    read: onOff,
    flag: '-v, --verbose',
    help: 'tell more at the end, such as what each slot did',
    variables: ['AUTOPILOT_VERBOSE'],
    default: false,
    on: both,
    identifies: false,
  },
  output: {
    read: oneOf(outputFormats),
    flag: '--output <format>',
    help: describeFormats('run'),
    variables: ['AUTOPILOT_OUTPUT'],
    default: defaultFormat,
    on: both,
    identifies: false,
  },
  ui: {
    read: oneOf(uiForms),
    flag: '--ui <form>',
    help: 'rich: a live screen (default on a terminal, except in CI); plain: lines',
    variables: ['AUTOPILOT_UI'],
    on: both,
    identifies: false,
  },
  report: {
    read: anyText,
    flag: '--report <file>',
    help: 'when the run ends, write a report there: one HTML page that needs no network',
    variables: ['AUTOPILOT_REPORT'],
    on: both,
    identifies: false,
  },
  junit: {
    read: anyText,
    flag: '--junit <file>',
    help: 'when the run ends, write JUnit XML there, with a test case for each task',
    variables: ['AUTOPILOT_JUNIT'],
    on: both,
    identifies: false,
  },
  summaryFile: {
    read: anyText,
    flag: '--summary-file <file>',
    help: 'when the run ends, write a summary in Markdown there, such as for a pull request',
    variables: ['AUTOPILOT_SUMMARY_FILE'],
    on: both,
    identifies: false,
  },
  serve: {
    read: onOff,
    flag: '--serve',
    help: 'serve the report as a page that follows the run, for this machine only, and print its URL',
    variables: ['AUTOPILOT_SERVE'],
    default: false,
    on: both,
    identifies: false,
  },
  servePort: {
    read: wholeNumber(1, 65_535),
    flag: '--serve-port <n>',
    help: 'the same at this port instead of a free one',
    variables: ['AUTOPILOT_SERVE_PORT'],
    on: both,
    identifies: false,
  },
} as const satisfies { readonly [Key in keyof RunSettings]-?: Setting<NonNullable<RunSettings[Key]>> }

/** The table as rows. */
export const settingRows = Object.entries(settings) as readonly (readonly [keyof RunSettings, Setting<unknown>])[]

/** Settings from environment variables. An empty variable counts as unset. The error names the variable. */
export function settingsFromEnvironment(env: Environment): Result<Partial<RunSettings>, string> {
  const values: Record<string, unknown> = {}
  for (const [name, { variables, read }] of settingRows) {
    for (const variable of variables) {
      const text = env[variable]
      if (text === undefined || text === '') continue
      const value = read(text)
      if (!value.ok) return err(`${variable}: ${value.error}`)
      values[name] = value.value
    }
  }
  return ok(values)
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
  const read = reads<readonly Value[]>({ kind: 'list', each: each.form }, (text) => {
    const values: Value[] = []
    for (const part of text.split(',')) {
      const value = each(part.trim())
      if (!value.ok) return value
      values.push(value.value)
    }
    return ok(values)
  })
  return { each, read }
}
