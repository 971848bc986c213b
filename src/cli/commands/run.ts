import { Option } from 'commander'
import { type AddCommand, addSettings, directoryOption, type RunFlags, settingsOf, takeOverOption } from '../options.js'

export const addRun: AddCommand = (program, env, done) => {
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
      const { runCommand } = await import('../../app/commands/run-command.js')
      const how = { fresh: flags.fresh === true, takeOver: flags.takeOver === true }
      const args = { ...how, directory: flags.directory, flags: settingsOf(flags) }
      done(await runCommand(roadmap === undefined ? args : { ...args, roadmap }, env))
    })
}

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
