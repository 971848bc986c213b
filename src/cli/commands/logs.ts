import { Option } from 'commander'
import { settings } from '../../config/settings.js'
import { present } from '../../domain/present.js'
import {
  type AddCommand,
  attemptOption,
  directoryOption,
  outputOption,
  type PrintingFlags,
  runOption,
  type TaskFlags,
} from '../options.js'

interface LogsFlags extends TaskFlags, PrintingFlags {
  readonly follow?: true
  readonly raw?: true
}

export const addLogs: AddCommand = (program, env, done) => {
  program
    .command('logs')
    .description('show what happened with a task, in order and with times; without a task, why tasks failed')
    .argument('[task]', 'the id of a task')
    .addOption(attemptOption())
    .addOption(new Option('-f, --follow', 'go on as the run does, until the task is settled'))
    .addOption(new Option('--raw', 'what the CLI printed, as it printed it').conflicts('output'))
    .addOption(runOption())
    .addOption(outputOption('logs'))
    .addOption(directoryOption())
    .action(async (task: string | undefined, { run, attempt, ...flags }: LogsFlags) => {
      const { logsCommand } = await import('../../app/commands/logs-command.js')
      const how = { follow: flags.follow === true, raw: flags.raw === true, directory: flags.directory }
      const args = { ...how, output: flags.output ?? settings.output.default, ...present({ task, run, attempt }) }
      done(await logsCommand(args, env))
    })
}
