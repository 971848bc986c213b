import { Option, type Command } from 'commander'
import { settings } from '../../config/settings.js'
import type { OutputFormat } from '../../domain/output-format.js'
import type { ControlArguments } from '../../app/commands/control-command.js'
import { type AddCommand, directoryOption, outputOption, valueOf } from '../options.js'

interface ControlFlags {
  readonly run?: string
  readonly output?: OutputFormat
  readonly directory: string
}

/** The commands that act on a run at work. */
export const addControl: AddCommand = (program, env, done) => {
  const tell = async (order: ControlArguments['order'], { run, output, directory }: ControlFlags) => {
    const { controlCommand } = await import('../../app/commands/control-command.js')
    const args = { order, directory, output: output ?? settings.output.default }
    done(await controlCommand(run === undefined ? args : { ...args, run }, env))
  }
  withFlags(program.command('pause').description('begin nothing more in the run at work; what has begun goes on'))
    .addHelpText('after', pauseNotes)
    .action((flags: ControlFlags) => tell({ type: 'pause' }, flags))
  withFlags(program.command('unpause').description('end a pause')).action((flags: ControlFlags) =>
    tell({ type: 'unpause' }, flags),
  )
  const cancel = program
    .command('cancel')
    .description('cancel a task of the run at work, or with --all the run')
    .argument('[task]', 'the id of the task')
    .addOption(new Option('--all', 'everything, as Ctrl-C does; once more, and agents are killed'))
  withFlags(cancel)
    .addHelpText('after', cancelNotes)
    .action((taskId: string | undefined, { all, ...flags }: ControlFlags & { readonly all?: true }) => {
      if (taskId !== undefined && all) return cancel.error('error: name a task, or give --all, not both')
      if (taskId !== undefined) return tell({ type: 'cancel', taskId }, flags)
      return all ? tell({ type: 'cancel_all' }, flags) : cancel.error("error: missing argument 'task' (or --all)")
    })
  withFlags(
    program
      .command('agents')
      .description('change how many agents the run at work has at once')
      .argument('<n>', 'how many agent slots', (text) => valueOf(settings.agents.read, text)),
  )
    .addHelpText('after', agentsNotes)
    .action((count: number, flags: ControlFlags) => tell({ type: 'agents', count }, flags))
}

function withFlags(command: Command): Command {
  return command
    .addOption(new Option('--run <id>', 'the run; without it the one at work in this repository'))
    .addOption(outputOption('control'))
    .addOption(directoryOption())
}

const exitCodesNote = 'Exit codes: 0 done, 2 usage, 4 no such run is at work.'

const pauseNotes = `
Repairs, reviews and landing go on. A run with --time-limit still ends then (75); without one the pause lasts until
autopilot unpause, or until the run is stopped. A resumed run is not paused.
${exitCodesNote}`

const cancelNotes = `
The task's agent is ended, and its work is kept on a ref. The task and all that depend on it are held, so the run ends
with 1. autopilot resume goes on without it; autopilot resume --only TASK runs it again.
${exitCodesNote}`

const agentsNotes = `
More slots begin at once. Of fewer, the idle ones go first, and busy ones when their agents have ended. autopilot resume
begins with its own --agents again.
${exitCodesNote}`
