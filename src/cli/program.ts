import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Environment } from '../domain/process/environment.js'
import type { ExitCode } from '../domain/run/exit-code.js'
import { cleanLine } from '../domain/text.js'
import { sinkOf } from '../ui/print/output.js'
import { readers, type RunSettings } from '../config/settings.js'
import type { ReadValue } from '../config/value.js'

/** What commander's parsed flags look like. */
interface RunFlags {
  readonly agents?: number
  readonly iterations?: number
  readonly repairRounds?: number
  readonly provider?: RunSettings['providers']
  readonly only?: readonly string[]
  readonly limit?: number
  readonly redo?: readonly string[]
  readonly isolation?: RunSettings['isolation']
  readonly target?: string
  readonly permissions?: RunSettings['permissions']
  readonly onDenied?: RunSettings['onDenied']
  readonly timeout?: number
  readonly idleTimeout?: number
  readonly background?: boolean
  readonly backgroundTimeout?: number
  readonly timeLimit?: number
  readonly drain?: number
  readonly onLimit?: RunSettings['onLimit']
  readonly maxWait?: number
  readonly maxTotalAttempts?: number
  readonly budget?: number
  readonly budgetTokens?: number
  readonly budgetAction?: RunSettings['budgetAction']
  readonly gateJobs?: number
  readonly mergeBatch?: number
  readonly baseGates?: RunSettings['baseGates']
  readonly dryRun?: true
  readonly fresh?: true
  readonly takeOver?: true
  readonly output?: RunSettings['output']
  readonly directory: string
}

interface CleanFlags {
  readonly lost?: true
  readonly dryRun?: true
  readonly takeOver?: true
  readonly directory: string
}

/** The commands, their flags and their help. `done` receives the exit code of the one that ran. */
export function createProgram(env: Environment, done: (code: ExitCode) => void): Command {
  const program = new Command('autopilot')
    .description(
      'Feeds the tasks of a roadmap to coding agents that work truly in parallel, and integrates what they finish.',
    )
    .version(AUTOPILOT_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .showSuggestionAfterError()
    .showHelpAfterError('Run autopilot --help for what there is.')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(`${cleanLine(text, 2000)}\n`),
      writeOut: (text) => sinkOf(process.stdout).write(text),
      writeErr: (text) => sinkOf(process.stderr).write(text),
    })
    .addHelpText('after', examples)
  addRun(program, env, done)
  addResume(program, env, done)
  addValidate(program, env, done)
  addStatus(program, env, done)
  addClean(program, env, done)
  return program
}

/** True for what commander has already told the user. */
export function isUsageError(error: unknown): error is CommanderError {
  return error instanceof CommanderError
}

function addRun(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  const run = program
    .command('run')
    .description('run the tasks of a roadmap')
    .argument(
      '[roadmap]',
      'a YAML or JSON file; without it roadmap.yaml, roadmap.yml, roadmap.json or state/roadmap.yaml',
    )
  addAgentSettings(run)
  run
    .addOption(repeated('--only <id>', 'run only this task, or the tasks of this group', readers.only))
    .addOption(option('--limit <n>', 'run at most so many tasks', readers.limit))
    .addOption(repeated('--redo <id>', 'do this task again, though its work has landed', readers.redo))
    .addOption(
      option(
        '--isolation <how>',
        'workspace: each agent in a work tree of its own (default); none: in place',
        readers.isolation,
      ),
    )
    .addOption(
      option(
        '--target <branch>',
        'where work arrives (default autopilot/<your branch>); current: your branch and files',
        readers.target,
      ),
    )
  addWorkSettings(run)
  run
    .addOption(new Option('--fresh', 'begin a new run, also where the last one was stopped before its end'))
    .addOption(takeOverOption())
    .addOption(
      new Option(
        '--dry-run',
        'make the checks of a run and end with its code; show order, routes, holds and commands; start no agent',
      ),
    )
    .addOption(option('--output <format>', 'human (default), or json: one event a line on stdout', readers.output))
    .addOption(directoryOption())
    .addHelpText('after', runNotes)
    .action(async (roadmap: string | undefined, flags: RunFlags) => {
      const { runCommand } = await import('../app/commands/run-command.js')
      const how = { fresh: flags.fresh === true, takeOver: flags.takeOver === true }
      const args = { ...how, directory: flags.directory, flags: settingsOf(flags) }
      done(await runCommand(roadmap === undefined ? args : { ...args, roadmap }, env))
    })
}

function addAgentSettings(command: Command): void {
  command
    .addOption(option('-a, --agents <n>', 'agent slots: how many agents work at once (default 5)', readers.agents))
    .addOption(option('-i, --iterations <n>', 'attempts a task has at most (default 3)', readers.iterations))
    .addOption(
      option(
        '--repair-rounds <n>',
        'times that work goes back to its agent when a gate or a conflict keeps it out (default 2; 0: never)',
        readers.repairRounds,
      ),
    )
    .addOption(
      repeated(
        '-p, --provider <name[:model][=cap]>',
        'agent CLIs to use, in this order: claude, codex',
        readers.providers,
      ),
    )
}

function addWorkSettings(command: Command): void {
  command
    .addOption(
      option('--permissions <mode>', 'edit: agents may change files (default); full: anything', readers.permissions),
    )
    .addOption(
      option(
        '--on-denied <what>',
        'when an agent is refused a tool, warn (default) or fail: it must do without first',
        readers.onDenied,
      ),
    )
    .addOption(option('--timeout <duration>', 'time limit of an attempt, such as 45m (default 1h)', readers.timeoutMs))
    .addOption(
      option(
        '--idle-timeout <duration>',
        'end an attempt that prints nothing and uses no processor time for so long (default 10m; 0: never)',
        readers.idleTimeoutMs,
      ),
    )
    .addOption(
      option(
        '--background <on|off>',
        "on: leave background work to the agents' CLIs; off: switch it off where they can (default)",
        readers.background,
      ),
    )
    .addOption(
      option(
        '--background-timeout <duration>',
        'end an agent whose background work goes on for so long after its last result (default 5m; 0: never)',
        readers.backgroundTimeoutMs,
      ),
    )
    .addOption(
      option('--time-limit <duration>', 'start nothing more after so long, and end with 75', readers.timeLimitMs),
    )
    .addOption(
      option(
        '--drain <duration>',
        'how long running agents may go on after the first signal or the time limit (default 0)',
        readers.drainMs,
      ),
    )
    .addOption(
      option(
        '--on-limit <what>',
        'when all providers are limited, wait (default) or stop with 75 (default in CI)',
        readers.onLimit,
      ),
    )
    .addOption(option('--max-wait <duration>', 'stop with 75 rather than wait longer for a limit', readers.maxWaitMs))
    .addOption(
      option('--max-total-attempts <n>', 'attempts a task has over all resumes (default 10)', readers.maxTotalAttempts),
    )
    .addOption(option('--budget <usd>', 'what the run may cost in USD; 75 when it is used up', readers.budgetUsd))
    .addOption(option('--budget-tokens <n>', 'tokens that the run may use, as --budget', readers.budgetTokens))
    .addOption(
      option(
        '--budget-action <what>',
        'when it is used up, agents at work finish (default) or are ended: end',
        readers.budgetAction,
      ),
    )
    .addOption(option('--gate-jobs <n>', 'gates that run at once (default: half the cores)', readers.gateJobs))
    .addOption(
      option(
        '--merge-batch <n>',
        'finished tasks that gates judge together at most (default 16; 1: one at a time)',
        readers.mergeBatch,
      ),
    )
    .addOption(
      option(
        '--base-gates <what>',
        'judge the target by the gates beside the first agents (default), or skip that',
        readers.baseGates,
      ),
    )
}

function addResume(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  const resume = program
    .command('resume')
    .description('go on with a run that was stopped, killed, or did not get everything done')
    .argument('[run]', 'the id of a run; without it the last one, or if that got everything done, the last one stopped')
    .addOption(new Option('--retry-failed', 'try tasks again that failed for good, as if they had not been tried'))
    .addOption(new Option('--repair', 'cut a damaged journal back to what stands before the damage; a copy is kept'))
    .addOption(takeOverOption())
  addAgentSettings(resume)
  addWorkSettings(resume)
  resume
    .addOption(option('--output <format>', 'human (default), or json: one event a line on stdout', readers.output))
    .addOption(directoryOption())
    .addHelpText('after', resumeNotes)
    .action(async (run: string | undefined, flags: RunFlags & { retryFailed?: true; repair?: true }) => {
      const { resumeCommand } = await import('../app/commands/resume-command.js')
      const takeOver = flags.takeOver === true
      const how = { retryFailed: flags.retryFailed === true, repair: flags.repair === true, takeOver }
      const args = { ...how, directory: flags.directory, flags: settingsOf(flags) }
      done(await resumeCommand(run === undefined ? args : { ...args, run }, env))
    })
}

function addValidate(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  program
    .command('validate')
    .description('check a roadmap: what is wrong, what is held, what may run')
    .argument('[roadmap]', 'as for run')
    .addOption(option('--output <format>', 'human (default) or json', readers.output))
    .addOption(directoryOption())
    .action(async (roadmap: string | undefined, flags: { output?: 'human' | 'json'; directory: string }) => {
      const { validateCommand } = await import('../app/commands/validate-command.js')
      const args = { directory: flags.directory, output: flags.output ?? 'human' }
      done(await validateCommand(roadmap === undefined ? args : { ...args, roadmap }, env))
    })
}

function addStatus(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  program
    .command('status')
    .description('how a run stands: what is done, what is kept and where, what it used')
    .argument('[run]', 'the id of a run; without it the last one, also while it is at work')
    .addOption(option('--output <format>', 'human (default), or json: one object', readers.output))
    .addOption(directoryOption())
    .action(async (run: string | undefined, flags: { output?: 'human' | 'json'; directory: string }) => {
      const { statusCommand } = await import('../app/commands/status-command.js')
      const args = { directory: flags.directory, output: flags.output ?? 'human' }
      done(await statusCommand(run === undefined ? args : { ...args, run }, env))
    })
}

function addClean(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  program
    .command('clean')
    .description('delete what past runs left: refs of integrated work, workspaces that hold nothing')
    .argument('[run]', 'the id of a run; without it all runs of the repository')
    .addOption(new Option('--lost', 'delete also what was not integrated and is nowhere else'))
    .addOption(new Option('--dry-run', 'show what would be deleted; delete nothing'))
    .addOption(takeOverOption())
    .addOption(directoryOption())
    .addHelpText('after', cleanNotes)
    .action(async (run: string | undefined, flags: CleanFlags) => {
      const { cleanCommand } = await import('../app/commands/clean-command.js')
      const how = { lost: flags.lost === true, dryRun: flags.dryRun === true, takeOver: flags.takeOver === true }
      const args = { ...how, directory: flags.directory }
      done(await cleanCommand(run === undefined ? args : { ...args, run }, env))
    })
}

function takeOverOption(): Option {
  return new Option('--take-over', 'take the lock of a run on another machine that gives no sign of life')
}

function directoryOption(): Option {
  return new Option('-C, --directory <dir>', 'the repository to work on').default('.', 'the current directory')
}

function option<Value>(flags: string, description: string, read: ReadValue<Value>): Option {
  return new Option(flags, description).argParser((text) => valueOf(read, text))
}

/** May be given several times, and may hold several values with commas between. */
function repeated<Value>(flags: string, description: string, read: ReadValue<readonly Value[]>): Option {
  return new Option(flags, description).argParser<readonly Value[]>((text, before) => [
    ...((before as readonly Value[] | undefined) ?? []),
    ...valueOf(read, text),
  ])
}

function valueOf<Value>(read: ReadValue<Value>, text: string): Value {
  const value = read(text)
  if (value.ok) return value.value
  throw new InvalidArgumentError(value.error)
}

function settingsOf(flags: RunFlags): Partial<RunSettings> {
  const {
    agents,
    iterations,
    repairRounds,
    only,
    limit,
    redo,
    isolation,
    target,
    permissions,
    onDenied,
    onLimit,
    maxTotalAttempts,
    gateJobs,
    mergeBatch,
    baseGates,
    dryRun,
    output,
    provider,
    timeout,
    idleTimeout,
    background,
    backgroundTimeout,
    timeLimit,
    drain,
    maxWait,
    budget,
    budgetTokens,
    budgetAction,
  } = flags
  const same = {
    agents,
    iterations,
    repairRounds,
    only,
    limit,
    redo,
    isolation,
    target,
    permissions,
    onDenied,
    onLimit,
    background,
    maxTotalAttempts,
    budgetTokens,
    budgetAction,
    gateJobs,
    mergeBatch,
    baseGates,
    dryRun,
    output,
  }
  return {
    ...Object.fromEntries(Object.entries(same).filter(([, value]) => value !== undefined)),
    ...(provider === undefined ? {} : { providers: provider }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(idleTimeout === undefined ? {} : { idleTimeoutMs: idleTimeout }),
    ...(backgroundTimeout === undefined ? {} : { backgroundTimeoutMs: backgroundTimeout }),
    ...(timeLimit === undefined ? {} : { timeLimitMs: timeLimit }),
    ...(drain === undefined ? {} : { drainMs: drain }),
    ...(maxWait === undefined ? {} : { maxWaitMs: maxWait }),
    ...(budget === undefined ? {} : { budgetUsd: budget }),
  }
}

const examples = `
Examples:
  autopilot run                              the roadmap of this repository, five agents
  autopilot run plan.yaml -a 8 -p claude     eight agents, all claude
  autopilot run -p claude:opus=2 -p codex    two on claude's opus, the rest on codex
  autopilot run --only login --dry-run       what would be started for one task
  autopilot run --output json | jq .type     events for machines
  autopilot resume                           go on with the last run, where it was stopped or killed
  autopilot validate roadmap.yaml
  autopilot status                           the last run: what is done, and where the rest is
  autopilot clean --dry-run                  what past runs left and could be deleted

Exit codes:
  0  every selected task is done     1  some are not        2  bad usage, configuration or roadmap
  3  no usable agent CLI             4  not safe to run      75  stopped early, worth running again
  130, 143  interrupted, terminated`

const runNotes = `
Settings come from, lowest first: the default, autopilot.yaml in the repository, the environment
(AUTOPILOT_AGENTS, AUTOPILOT_ITERATIONS, AUTOPILOT_PROVIDER, AUTOPILOT_TARGET, …; AGENTS, MAX_ITERATIONS
and DRY_RUN as make passes them), the flag. It is a CI job where CI is set, but not to nothing, 0, false,
no or off.

Agents work on copies; what they finish arrives on the target branch, one commit a task. Your branch,
your index and your files stay as they are, but for the status values in the roadmap; with --target current
they move along with each task that lands.

--redo begins from the target as it is, with the earlier work in it: revert that first where it is to go. A run with
--redo that was stopped is gone on with as any other, and does nothing twice.`

const resumeNotes = `
Goes on with the same run, in the same journal. The roadmap and the settings are those of now. What is done stays done
and is not run again; a conversation that was interrupted is taken up again; work that an agent had finished goes
straight to the gates. Attempts and money that were used count on. A task that failed for good stays so, unless it has
attempts left by now (--iterations) or --retry-failed is given.

autopilot run does the same by itself where the last run of the roadmap was stopped before its end.`

const cleanNotes = `
Says what it deletes first. Journals stay. An attempt's ref is deleted when a commit on one of your branches names the
attempt in its trailers, or has all of it among its ancestors; everything else, and workspaces with work that was not
collected, stay unless --lost is given. Does nothing (exit code 4) while a run is at work in the repository.`
