import { Option } from 'commander'
import { settings } from '../../config/settings.js'
import {
  type AddCommand,
  addSettings,
  directoryOption,
  type RunFlags,
  settingOption,
  settingsOf,
  takeOverOption,
} from '../options.js'

export const addResume: AddCommand = (program, env, done) => {
  const resume = program
    .command('resume')
    .description('continue a run that was stopped or killed, or that did not get everything done')
    .argument(
      '[run]',
      'the id of a run; without it the last one, or the last one stopped if that one got everything done',
    )
    .addOption(new Option('--retry-failed', 'try tasks that failed for good once more, as if for the first time'))
    .addOption(settingOption({ ...settings.only, help: onlyHelp }))
    .addOption(new Option('--repair', 'cut a damaged journal back to before the damage; a copy is kept'))
    .addOption(takeOverOption())
  addSettings(resume, 'resume')
  resume
    .addOption(directoryOption())
    .addHelpText('after', resumeNotes)
    .action(async (run: string | undefined, flags: RunFlags & { retryFailed?: true; repair?: true }) => {
      const { resumeCommand } = await import('../../app/commands/resume-command.js')
      const takeOver = flags.takeOver === true
      const how = { retryFailed: flags.retryFailed === true, repair: flags.repair === true, takeOver }
      const args = { ...how, directory: flags.directory, flags: settingsOf(flags) }
      done(await resumeCommand(run === undefined ? args : { ...args, run }, env))
    })
}

const onlyHelp = 'work on this task alone, also one that failed or was canceled, or on those of a group; repeatable'

const resumeNotes = `
Continues the same run, in the same journal, with the roadmap and the settings as they are now. What is done stays done
and does not run again. Interrupted conversations continue. Work that an agent had finished goes straight to the gates.
Attempts and money already used still count. A task that failed for good stays failed, unless it has attempts left by now
(--iterations), you give --retry-failed, or name it with --only. So does a task that was canceled with autopilot cancel.
With --only the exit code is about the named tasks; a later resume goes on with the others.

autopilot run does the same by itself when the last run of the roadmap was stopped before its end.`
