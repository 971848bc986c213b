import { InvalidArgumentError, Option, type Command } from 'commander'
import { settingRows, settings, type RunSettings, type Setting } from '../config/settings.js'
import { wholeNumber, type ReadValue } from '../config/value.js'
import { describeFormats, type OutputFormat, type PrintingCommand } from '../domain/output-format.js'
import type { Environment } from '../domain/process/environment.js'
import type { ExitCode } from '../domain/run/exit-code.js'

/** Adds a command to the program; `done` gets the exit code of the one that ran. */
export type AddCommand = (program: Command, env: Environment, done: (code: ExitCode) => void) => void

/** What commander makes of flags: settings under the names that it gives them. */
export type SettingFlags = Readonly<Record<string, unknown>>

export interface RunFlags extends SettingFlags {
  readonly fresh?: true
  readonly takeOver?: true
  readonly directory: string
}

export interface PrintingFlags {
  readonly output?: OutputFormat
  readonly directory: string
}

export interface TaskFlags {
  readonly run?: string
  readonly attempt?: number
  readonly directory: string
}

/** The flags of the settings that a command takes. */
export function addSettings(command: Command, name: 'run' | 'resume'): void {
  for (const [, setting] of settingRows) if (setting.on.includes(name)) command.addOption(settingOption(setting))
}

export function settingOption({
  flag,
  help,
  read,
  each,
}: Pick<Setting<unknown>, 'flag' | 'help' | 'read' | 'each'>): Option {
  const option = new Option(flag, help)
  if (!flag.includes('<')) return option
  if (!each) return option.argParser((text) => valueOf(read, text))
  // The flag is repeatable, and each value may be a list with commas.
  return option.argParser<readonly unknown[]>((text, previous) => [
    ...((previous as readonly unknown[] | undefined) ?? []),
    ...(valueOf(read, text) as readonly unknown[]),
  ])
}

export function takeOverOption(): Option {
  return new Option('--take-over', 'take the lock of a run on another machine that shows no sign of life')
}

export function attemptOption(): Option {
  return new Option('--attempt <n>', 'only the n-th attempt').argParser((text) =>
    valueOf(wholeNumber(1, 1_000_000), text),
  )
}

export function runOption(): Option {
  return new Option('--run <id>', 'the id of a run; without it the last one, even while it is running')
}

export function directoryOption(): Option {
  return new Option('-C, --directory <dir>', 'the repository to work on').default('.', 'the current directory')
}

export function outputOption(command: PrintingCommand): Option {
  return settingOption({ ...settings.output, help: describeFormats(command) })
}

/** Reads a value as a setting is read; what is wrong with it becomes commander's error. */
export function valueOf<Value>(read: ReadValue<Value>, text: string): Value {
  const value = read(text)
  if (value.ok) return value.value
  throw new InvalidArgumentError(value.error)
}

export function settingsOf(flags: SettingFlags): Partial<RunSettings> {
  const given = settingRows.flatMap(([name, { flag }]) => {
    const value = flags[new Option(flag).attributeName()]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(given)
}
