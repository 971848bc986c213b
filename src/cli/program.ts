import { Command, CommanderError, Option } from 'commander'
import type { Environment } from '../domain/process/environment.js'
import type { ExitCode } from '../domain/run/exit-code.js'
import { cleanLine } from '../domain/text.js'
import { sinkOf } from '../ui/print/output.js'
import { settings } from '../config/settings.js'
import { oneOf } from '../config/value.js'
import { reportFormatNames, type ReportFormatName } from '../domain/report-format.js'
import { addFirstCommands } from './first-commands.js'
import { hintFor } from './hints.js'
import {
  addSettings,
  directoryOption,
  outputOption,
  settingsOf,
  takeOverOption,
  valueOf,
  type PrintingFlags,
  type SettingFlags,
} from './options.js'

interface RunFlags extends SettingFlags {
  readonly fresh?: true
  readonly takeOver?: true
  readonly directory: string
}

interface ReportFlags {
  readonly as?: ReportFormatName
  readonly file?: string
  readonly directory: string
}

interface CleanFlags {
  readonly lost?: true
  readonly dryRun?: true
  readonly takeOver?: true
  readonly directory: string
}

/** The commands, their flags and their help. `done` gets the exit code of the command that ran. */
export function createProgram(env: Environment, done: (code: ExitCode) => void): Command {
  const program = new Command('autopilot')
    .description(
      'Feeds the tasks of a roadmap to coding agents that work truly in parallel, and integrates what they finish.',
    )
    .version(AUTOPILOT_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .showSuggestionAfterError()
    .showHelpAfterError('Run autopilot --help for usage.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => sinkOf(process.stdout).write(text),
      writeErr: (text) => sinkOf(process.stderr).write(text),
    })
    .addHelpText('after', examples)
  addRun(program, env, done)
  addResume(program, env, done)
  addValidate(program, env, done)
  addStatus(program, env, done)
  addRuns(program, env, done)
  addReport(program, env, done)
  addClean(program, env, done)
  addFirstCommands(program, env, done)
  for (const command of [program, ...program.commands]) addHints(command, program)
  return program
}

/** What may have been meant stands below what is wrong. */
function addHints(command: Command, program: Command): void {
  const outputError = (text: string, write: (text: string) => void) => {
    const hint = hintFor(text, command, program)
    write(`${[text, ...(hint === undefined ? [] : [hint])].map((line) => cleanLine(line, 2000)).join('\n')}\n`)
  }
  command.configureOutput({ outputError })
}

/** True for errors that commander has already reported to the user. */
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
  addSettings(run, 'run')
  run
    .addOption(new Option('--fresh', 'start a new run, even if the last one stopped before its end'))
    .addOption(takeOverOption())
    .addOption(directoryOption())
    .addHelpText('after', runNotes)
    .action(async (roadmap: string | undefined, flags: RunFlags) => {
      const { runCommand } = await import('../app/commands/run-command.js')
      const how = { fresh: flags.fresh === true, takeOver: flags.takeOver === true }
      const args = { ...how, directory: flags.directory, flags: settingsOf(flags) }
      done(await runCommand(roadmap === undefined ? args : { ...args, roadmap }, env))
    })
}

function addResume(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  const resume = program
    .command('resume')
    .description('continue a run that was stopped or killed, or that did not get everything done')
    .argument(
      '[run]',
      'the id of a run; without it the last one, or the last one stopped if that one got everything done',
    )
    .addOption(new Option('--retry-failed', 'try tasks that failed for good once more, as if for the first time'))
    .addOption(new Option('--repair', 'cut a damaged journal back to before the damage; a copy is kept'))
    .addOption(takeOverOption())
  addSettings(resume, 'resume')
  resume
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
    .addOption(outputOption('validate'))
    .addOption(directoryOption())
    .action(async (roadmap: string | undefined, flags: PrintingFlags) => {
      const { validateCommand } = await import('../app/commands/validate-command.js')
      const args = { directory: flags.directory, output: flags.output ?? settings.output.default }
      done(await validateCommand(roadmap === undefined ? args : { ...args, roadmap }, env))
    })
}

function addStatus(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  program
    .command('status')
    .description('show the state of a run: what is done, what is kept and where, what it has used')
    .argument('[run]', 'the id of a run; without it the last one, even while it is running')
    .addOption(new Option('--exit-status', "end with the run's own exit code; 4 while it is at work"))
    .addOption(outputOption('status'))
    .addOption(directoryOption())
    .action(async (run: string | undefined, flags: PrintingFlags & { exitStatus?: true }) => {
      const { statusCommand } = await import('../app/commands/status-command.js')
      const how = { output: flags.output ?? settings.output.default, exitStatus: flags.exitStatus === true }
      const args = { directory: flags.directory, ...how }
      done(await statusCommand(run === undefined ? args : { ...args, run }, env))
    })
}

function addRuns(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  program
    .command('runs')
    .description('list the runs of a repository, the newest first')
    .addOption(outputOption('runs'))
    .addOption(directoryOption())
    .action(async (flags: PrintingFlags) => {
      const { runsCommand } = await import('../app/commands/runs-command.js')
      done(await runsCommand({ directory: flags.directory, output: flags.output ?? settings.output.default }, env))
    })
}

function addReport(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  program
    .command('report')
    .description('write a report of a run: a page, Markdown, JSON or JUnit XML')
    .argument('[run]', 'the id of a run; without it the last one, even while it is running')
    .addOption(
      new Option(
        '--as <format>',
        `${reportFormatNames.join(', ')} (default: by the ending of the file, else md)`,
      ).argParser((text) => valueOf(oneOf(reportFormatNames), text)),
    )
    .addOption(new Option('--file <file>', 'write it there, in one step; without it to stdout'))
    .addOption(directoryOption())
    .action(async (run: string | undefined, flags: ReportFlags) => {
      const { reportCommand } = await import('../app/commands/report-command.js')
      done(await reportCommand(run === undefined ? flags : { ...flags, run }, env))
    })
}

function addClean(program: Command, env: Environment, done: (code: ExitCode) => void): void {
  program
    .command('clean')
    .description('delete what past runs left: refs of integrated work, workspaces that hold nothing')
    .argument('[run]', 'the id of a run; without it all runs of the repository')
    .addOption(new Option('--lost', 'also delete what was not integrated and is nowhere else'))
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

const examples = `
Examples:
  autopilot run                              the roadmap of this repository, five agents
  autopilot run plan.yaml -a 8 -p claude     eight agents, all claude
  autopilot run -p claude:opus=2 -p codex    two on claude's opus, the rest on codex
  autopilot run --only login --dry-run       what would be started for one task
  autopilot run --output json | jq .type     events for machines
  autopilot resume                           continue the last run, which was stopped or killed
  autopilot validate roadmap.yaml
  autopilot status                           the last run: what is done, and where the rest is
  autopilot runs                             all runs of this repository
  autopilot report --file report.html        the last run as a page
  autopilot clean --dry-run                  what past runs left and could be deleted

First steps: autopilot init, then autopilot doctor.
More help: autopilot help roadmap, config, exit-codes, queue, limits or ci; autopilot help help has all topics.

Exit codes:
  0  every selected task is done     1  some are not        2  bad usage, configuration or roadmap
  3  no usable agent CLI             4  not safe to run      75  stopped early, worth running again
  130, 143  interrupted, terminated`

const runNotes = `
Settings come from, lowest first: the default, autopilot.yaml in the repository, the environment
(AUTOPILOT_AGENTS, AUTOPILOT_ITERATIONS, AUTOPILOT_PROVIDER, AUTOPILOT_TARGET, …; AGENTS, MAX_ITERATIONS
and DRY_RUN as make passes them), the flag. A run counts as a CI job when CI is set to anything but
nothing, 0, false, no or off.

Agents work on copies; what they finish arrives on the target branch, one commit a task. Your branch,
your index and your files stay as they are, except for the status values in the roadmap; with --target
current they move along with each task that lands.

--redo starts from the target as it is, with the earlier work in it. If that work should go, revert it first.
A stopped run with --redo continues like any other, and does nothing twice.`

const resumeNotes = `
Continues the same run, in the same journal, with the roadmap and the settings as they are now. What is done stays done
and does not run again. Interrupted conversations continue. Work that an agent had finished goes straight to the gates.
Attempts and money already used still count. A task that failed for good stays failed, unless it has attempts left by now
(--iterations) or you give --retry-failed.

autopilot run does the same by itself when the last run of the roadmap was stopped before its end.`

const cleanNotes = `
First says what it deletes. Journals stay. An attempt's ref is deleted when a commit on one of your branches names the
attempt in its trailers, or contains all of its work. Everything else stays unless you give --lost, and so do workspaces
whose work was not collected. Does nothing (exit code 4) while a run is at work in the repository.`
