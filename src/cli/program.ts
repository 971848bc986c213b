import { Command, CommanderError } from 'commander'
import type { Environment } from '../domain/process/environment.js'
import type { ExitCode } from '../domain/run/exit-code.js'
import { cleanLine } from '../domain/text.js'
import { sinkOf } from '../ui/print/output.js'
import { addClean } from './commands/clean.js'
import { addControl } from './commands/control.js'
import { addDiff } from './commands/diff.js'
import { addLogs } from './commands/logs.js'
import { addReport } from './commands/report.js'
import { addResume } from './commands/resume.js'
import { addRun } from './commands/run.js'
import { addRuns } from './commands/runs.js'
import { addStatus } from './commands/status.js'
import { addValidate } from './commands/validate.js'
import { addFirstCommands } from './commands/first-commands.js'
import { hintFor } from './hints.js'
import type { AddCommand } from './options.js'

/** In the order of the help. */
const commands: readonly AddCommand[] = [
  addRun,
  addResume,
  addValidate,
  addStatus,
  addLogs,
  addDiff,
  addRuns,
  addReport,
  addControl,
  addClean,
  addFirstCommands,
]

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
  for (const add of commands) add(program, env, done)
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
  autopilot logs login                       what happened with one task; without it, why tasks failed
  autopilot diff login                       what it changed
  autopilot runs                             all runs of this repository
  autopilot report --file report.html        the last run as a page
  autopilot clean --dry-run                  what past runs left and could be deleted

First steps: autopilot init, then autopilot doctor.
More help: autopilot help roadmap, config, exit-codes, queue, limits or ci; autopilot help help has all topics.

Exit codes:
  0  every selected task is done     1  some are not        2  bad usage, configuration or roadmap
  3  no usable agent CLI             4  not safe to run      75  stopped early, worth running again
  130, 143  interrupted, terminated`
