import { settings } from '../../config/settings.js'
import { type AddCommand, directoryOption, outputOption, type PrintingFlags } from '../options.js'

export const addRuns: AddCommand = (program, env, done) => {
  program
    .command('runs')
    .description('list the runs of a repository, the newest first')
    .addOption(outputOption('runs'))
    .addOption(directoryOption())
    .action(async (flags: PrintingFlags) => {
      const { runsCommand } = await import('../../app/commands/runs-command.js')
      done(await runsCommand({ directory: flags.directory, output: flags.output ?? settings.output.default }, env))
    })
}
