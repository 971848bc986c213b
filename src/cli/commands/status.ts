import { Option } from 'commander'
import { settings } from '../../config/settings.js'
import { type AddCommand, directoryOption, outputOption, type PrintingFlags } from '../options.js'

export const addStatus: AddCommand = (program, env, done) => {
  program
    .command('status')
    .description('show the state of a run: what is done, what is kept and where, what it has used')
    .argument('[run]', 'the id of a run; without it the last one, even while it is running')
    .addOption(new Option('--exit-status', "end with the run's own exit code; 4 while it is at work"))
    .addOption(
      new Option('-w, --watch', 'show the run as it goes on, until it is over; then its state').conflicts('output'),
    )
    .addOption(outputOption('status'))
    .addOption(directoryOption())
    .action(async (run: string | undefined, flags: PrintingFlags & { exitStatus?: true; watch?: true }) => {
      const { statusCommand } = await import('../../app/commands/status-command.js')
      const how = {
        output: flags.output ?? settings.output.default,
        exitStatus: flags.exitStatus === true,
        watch: flags.watch === true,
      }
      const args = { directory: flags.directory, ...how }
      done(await statusCommand(run === undefined ? args : { ...args, run }, env))
    })
}
