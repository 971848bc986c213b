import { Argument, Option, type Command } from 'commander'
import { settings } from '../../config/settings.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { nearest } from '../../domain/nearest.js'
import { sinkOf } from '../../ui/print/output.js'
import {
  directoryOption,
  outputOption,
  settingOption,
  settingsOf,
  type PrintingFlags,
  type SettingFlags,
} from '../options.js'
import { topics } from '../topics.js'

type Done = (code: ExitCode) => void

/** The commands of somebody who has just come: they look, explain, and write first files. */
export function addFirstCommands(program: Command, env: Environment, done: Done): void {
  addInit(program, env, done)
  addDoctor(program, env, done)
  addSchema(program, env, done)
  addCompletion(program, done)
  addHelp(program, done)
}

function addInit(program: Command, env: Environment, done: Done): void {
  program
    .command('init')
    .description('write a commented autopilot.yaml for what is found here, and a small roadmap if there is none')
    .addOption(new Option('--dry-run', 'print what would be written; write nothing'))
    .addOption(directoryOption())
    .addHelpText('after', initNotes)
    .action(async (flags: { readonly dryRun?: true; readonly directory: string }) => {
      const { initCommand } = await import('../../app/commands/init-command.js')
      done(await initCommand({ directory: flags.directory, dryRun: flags.dryRun === true }, env))
    })
}

/** Settings of a run that decide what is looked at. */
const doctorSettings = ['agents', 'providers', 'isolation', 'target', 'permissions', 'gateJobs'] as const

function addDoctor(program: Command, env: Environment, done: Done): void {
  const doctor = program
    .command('doctor')
    .description(
      'check what a run needs: Node, git, the agent CLIs, the files, the machine; with a cure for each finding',
    )
    .argument('[roadmap]', 'as for run')
    .addOption(new Option('--gates', 'also run setup and the gates, on the last commit'))
  for (const name of doctorSettings) doctor.addOption(settingOption(settings[name]))
  doctor
    .addOption(outputOption('doctor'))
    .addOption(directoryOption())
    .addHelpText('after', doctorNotes)
    .action(async (roadmap: string | undefined, flags: SettingFlags & PrintingFlags & { readonly gates?: true }) => {
      const { doctorCommand } = await import('../../app/commands/doctor-command.js')
      const how = { output: flags.output ?? settings.output.default, gates: flags.gates === true }
      const args = { directory: flags.directory, flags: settingsOf(flags), ...how }
      done(await doctorCommand(roadmap === undefined ? args : { ...args, roadmap }, env))
    })
}

function addSchema(program: Command, env: Environment, done: Done): void {
  program
    .command('schema')
    .description('print a JSON Schema, for editors and other programs')
    .addArgument(new Argument('<name>', 'of what').choices(['roadmap', 'config', 'events']))
    .addOption(directoryOption())
    .addHelpText('after', schemaNotes)
    .action(async (name: 'roadmap' | 'config' | 'events', { directory }: { readonly directory: string }) => {
      const { schemaCommand } = await import('../../app/commands/schema-command.js')
      done(await schemaCommand({ name, directory }, env))
    })
}

function addCompletion(program: Command, done: Done): void {
  program
    .command('completion')
    .description('print a script that completes commands, options, tasks and runs in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', completionNotes)
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { printCompletionScript } = await import('../completion-scripts.js')
      printCompletionScript(shell)
      done(exitCodes.done)
    })
}

function addHelp(program: Command, done: Done): void {
  program.helpCommand(false)
  program
    .command('help')
    .description('help on a command or a topic')
    .argument('[topic]', 'a command, or one of the topics below')
    .addHelpText('after', topicList())
    .action(async (topic: string | undefined) => {
      const command = program.commands.find((one) => one.name() === topic)
      if (command || topic === undefined) (command ?? program).outputHelp()
      else if (Object.hasOwn(topics, topic)) {
        const { showTopic } = await import('../show-topic.js')
        showTopic(topics[topic]?.page ?? '')
      } else {
        sinkOf(process.stderr).write(unknownTopic(topic, program))
        done(exitCodes.usage)
      }
    })
}

function topicList(): string {
  const rows = Object.entries(topics).map(([name, { about }]) => `  ${name.padEnd(12)}${about}\n`)
  return `\nTopics:\n${rows.join('').trimEnd()}`
}

function unknownTopic(topic: string, program: Command): string {
  const commands = program.commands.map((one) => one.name())
  const near = nearest(topic, [...commands, ...Object.keys(topics)])
  const guess = near === undefined ? '' : ` (did you mean ${near}?)`
  const lists = `    commands: ${commands.join(', ')}\n    topics: ${Object.keys(topics).join(', ')}\n`
  return `autopilot: there is no help on '${topic}'${guess}\n${lists}`
}

const initNotes = `
Looks at what git tracks: package.json and lock files, Cargo.toml, go.mod, pyproject.toml, pom.xml, build.gradle, Makefile.
Nothing that is there already is changed. The first line of each file tells editors where its schema is.`

const doctorNotes = `
Exit codes: 0: a run may begin, perhaps with warnings; 2: a mistake in the configuration or the roadmap; 3: no usable agent
CLI; 4: not safe to run, or a gate that fails on the last commit (--gates).

Whether a CLI is logged in is asked of the CLI itself, without a request to its service; credentials are not read.`

const schemaNotes = `
The schema of a roadmap knows the words of statuses: and the agent CLIs of the configuration here.
For editors with the YAML language server, the first line of the file may be
  # yaml-language-server: $schema=PATH
as autopilot init writes it.`

const completionNotes = `
  bash  add to ~/.bashrc: source <(autopilot completion bash)
  zsh   add to ~/.zshrc, below compinit: source <(autopilot completion zsh)
  fish  autopilot completion fish > ~/.config/fish/completions/autopilot.fish`
