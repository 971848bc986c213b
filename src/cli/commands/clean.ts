import { Option } from 'commander'
import { type AddCommand, directoryOption, takeOverOption } from '../options.js'

interface CleanFlags {
  readonly lost?: true
  readonly dryRun?: true
  readonly takeOver?: true
  readonly directory: string
}

export const addClean: AddCommand = (program, env, done) => {
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
      const { cleanCommand } = await import('../../app/commands/clean-command.js')
      const how = { lost: flags.lost === true, dryRun: flags.dryRun === true, takeOver: flags.takeOver === true }
      const args = { ...how, directory: flags.directory }
      done(await cleanCommand(run === undefined ? args : { ...args, run }, env))
    })
}

const cleanNotes = `
First says what it deletes. Journals stay. An attempt's ref is deleted when a commit on one of your branches names the
attempt in its trailers, or contains all of its work. Everything else stays unless you give --lost, and so do workspaces
whose work was not collected. Does nothing (exit code 4) while a run is at work in the repository.`
