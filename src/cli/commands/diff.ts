import { Option } from 'commander'
import { present } from '../../domain/present.js'
import { type AddCommand, attemptOption, directoryOption, runOption, type TaskFlags } from '../options.js'

interface DiffFlags extends TaskFlags {
  readonly stat?: true
}

export const addDiff: AddCommand = (program, env, done) => {
  program
    .command('diff')
    .description('show the changes of a task: what landed, else what an attempt left')
    .argument('<task>', 'the id of a task')
    .addOption(attemptOption())
    .addOption(new Option('--stat', 'only how much of each file has changed'))
    .addOption(runOption())
    .addOption(directoryOption())
    .action(async (task: string, { run, attempt, stat, directory }: DiffFlags) => {
      const { diffCommand } = await import('../../app/commands/diff-command.js')
      done(await diffCommand({ task, directory, stat: stat === true, ...present({ run, attempt }) }, env))
    })
}
