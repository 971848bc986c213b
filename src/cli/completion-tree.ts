import type { Argument, Command, Option } from 'commander'
import type { Form } from '../config/form.js'
import { settingRows } from '../config/settings.js'
import { providerNames } from '../domain/agent/provider-model.js'
import { reportFormatNames } from '../domain/report-format.js'
import { commandProvider } from '../domain/routing/routing.js'
import type { CommandLineWords, CommandWords, OptionWords, Source } from './completion-words.js'
import { topics } from './topics.js'

/** The words of the command line, from commander's own description of it. */
export function completionTree(program: Command): CommandLineWords {
  const visible = program.createHelp().visibleCommands(program)
  return {
    options: optionWords(program),
    commands: Object.fromEntries(visible.map((command) => [command.name(), commandWords(command, visible)])),
  }
}

function commandWords(command: Command, all: readonly Command[]): CommandWords {
  const isHelp = command.name() === 'help'
  const named = all.map((one) => ({ word: one.name(), about: one.description() }))
  const explained = Object.entries(topics).map(([word, { about }]) => ({ word, about }))
  return {
    about: command.description(),
    options: optionWords(command),
    args: isHelp
      ? [{ kind: 'words', words: [...named, ...explained] }]
      : command.registeredArguments.map(argumentSource),
  }
}

function optionWords(command: Command): readonly OptionWords[] {
  const options = command.createHelp().visibleOptions(command)
  return options.map((option) => ({
    names: [option.short, option.long].flatMap((name) => name ?? []),
    about: option.description,
    ...(option.required || option.optional ? { value: optionSource(option) } : {}),
  }))
}

/** What arguments and values are called says what they are, unless a table knows it. */
const byName: Readonly<Record<string, Source>> = {
  roadmap: { kind: 'files', extensions: ['yaml', 'yml', 'json'] },
  run: { kind: 'runs' },
  task: { kind: 'tasks', groups: false },
  id: { kind: 'tasks', groups: true },
  dir: { kind: 'directories' },
  file: { kind: 'files', extensions: [] },
}

/** Options whose value's name does not tell, or not all. */
const byOption: Readonly<Record<string, Source>> = {
  '--run': { kind: 'runs' },
  '--redo': { kind: 'tasks', groups: false },
  '--as': ofWords(reportFormatNames),
}

function argumentSource(argument: Argument): Source {
  if (argument.argChoices) return ofWords(argument.argChoices)
  return byName[argument.name().toLowerCase()] ?? { kind: 'anything' }
}

function optionSource(option: Option): Source {
  if (option.argChoices) return ofWords(option.argChoices)
  const own = byOption[option.long ?? '']
  if (own) return own
  const row = settingRows.find(([, { flag }]) => flag === option.flags)
  if (row?.[0] === 'providers') return ofWords(providerNames.filter((name) => name !== commandProvider))
  const ofForm = row && formSource(row[1].read.form)
  const value = /<([^>]+)>|\[([^\]]+)\]/.exec(option.flags)
  const name = (value?.[1] ?? value?.[2] ?? '').toLowerCase()
  return ofForm ?? (Object.hasOwn(byName, name) ? byName[name] : undefined) ?? { kind: 'anything' }
}

function formSource(form: Form): Source | undefined {
  if (form.kind === 'words') return ofWords(form.words)
  return form.kind === 'switch' ? ofWords(['on', 'off']) : undefined
}

function ofWords(words: readonly string[]): Source {
  return { kind: 'words', words: words.map((word) => ({ word, about: '' })) }
}
