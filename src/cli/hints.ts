import type { Command, Option } from 'commander'
import { settingRows } from '../config/settings.js'

/** What other tools call an option. */
const elsewhere: Readonly<Record<string, string>> = {
  '-j': '--agents',
  '--jobs': '--agents',
  '--parallel': '--agents',
  '--concurrency': '--agents',
  '--attempts': '--iterations',
  '--retries': '--iterations',
  '--model': '--provider NAME:MODEL',
  '--json': '--output json',
  '--cwd': '--directory',
  '--dir': '--directory',
}

/** What may have been meant, for a mistake that commander has only named; undefined if nothing is known. */
export function hintFor(message: string, command: Command, program: Command): string | undefined {
  if (message.includes('Did you mean')) return undefined
  const [, flag] = /unknown option '(-[^'=]+)/.exec(message) ?? []
  if (flag !== undefined) return hintForFlag(flag, command, program)
  const [, word] = /unknown command '([^']+)'/.exec(message) ?? []
  return word !== undefined && /\.(?:ya?ml|jsonc?)$/i.test(word) ? `(Did you mean autopilot run ${word}?)` : undefined
}

function hintForFlag(flag: string, command: Command, program: Command): string | undefined {
  const owner = program.commands.find(({ options }) => options.some((option) => isNamed(option, flag)))
  if (owner) {
    const [name, option] = [owner.name(), owner.options.find((one) => isNamed(one, flag))]
    if (command !== program) return `(${flag} is an option of autopilot ${name})`
    const value = / (<.*>)$/.exec(option?.flags ?? '')?.[1]
    return `(${flag} goes after the command: autopilot ${name} ${flag}${value === undefined ? '' : ` ${value}`})`
  }
  const meant = elsewhere[flag] ?? flagOfVariable(flag) ?? nameWithin(flag, command.options)
  const [long] = meant?.split(' ') ?? []
  return long !== undefined && command.options.some((option) => option.long === long)
    ? `(Did you mean ${meant ?? ''}?)`
    : undefined
}

function isNamed({ short, long }: Option, flag: string): boolean {
  return short === flag || long === flag
}

/** `--max-iterations`, as `MAX_ITERATIONS` sets it. */
function flagOfVariable(flag: string): string | undefined {
  const variable = flag.slice(2).toUpperCase().replaceAll('-', '_')
  const row = settingRows.find(([, { variables }]) => variables.includes(variable))
  return row && /--[a-z-]+/.exec(row[1].flag)?.[0]
}

/** The option with most words that are all in what was typed: `--budget` in `--max-budget-usd`. */
function nameWithin(flag: string, options: readonly Option[]): string | undefined {
  const typed = new Set(wordsOf(flag))
  const within = options.flatMap(({ long }) => {
    const words = long === undefined ? [] : wordsOf(long)
    return words.length > 0 && words.every((word) => typed.has(word)) ? [{ long, count: words.length }] : []
  })
  return within.sort((a, b) => b.count - a.count)[0]?.long ?? undefined
}

function wordsOf(flag: string): readonly string[] {
  return flag
    .slice(2)
    .split('-')
    .filter((word) => word !== '')
}
