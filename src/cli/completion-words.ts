/** Where the words for a place of the command line come from. */
export type Source =
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  /** Ids of tasks; `groups`: of epics, milestones and sets, too. */
  | { readonly kind: 'tasks'; readonly groups: boolean }
  | { readonly kind: 'runs' }
  | { readonly kind: 'files'; readonly extensions: readonly string[] }
  | { readonly kind: 'directories' }
  | { readonly kind: 'anything' }

/** A word that may stand somewhere, and what it is. */
export interface Word {
  readonly word: string
  readonly about: string
}

export interface OptionWords {
  /** Such as `-a` and `--agents`. */
  readonly names: readonly string[]
  readonly about: string
  /** Of its value; absent if it takes none. */
  readonly value?: Source
}

export interface CommandWords {
  readonly about: string
  readonly options: readonly OptionWords[]
  /** Of its arguments, in order. */
  readonly args: readonly Source[]
}

/** The whole command line, as plain data that the build writes down. */
export interface CommandLineWords {
  readonly options: readonly OptionWords[]
  readonly commands: Readonly<Record<string, CommandWords>>
}

/** What is asked for at the end of a command line, with what stands before it. */
export interface Wanted {
  readonly source: Source
  /** Arguments of the command so far. */
  readonly args: readonly string[]
  /** The value of `-C`. */
  readonly directory: string
}

/** What may come next. `words`: what follows the program's name; the last one is not finished, and may be empty. */
export function wantedAt(words: readonly string[], line: CommandLineWords): Wanted {
  const before = words.slice(0, -1)
  const last = words.at(-1) ?? ''
  const at = before.findIndex((word) => !word.startsWith('-'))
  const name = before[at] ?? ''
  const command = at < 0 ? undefined : Object.hasOwn(line.commands, name) ? line.commands[name] : undefined
  const nothing: Wanted = { source: { kind: 'words', words: [] }, args: [], directory: '.' }
  if (at < 0) {
    const commands = Object.entries(line.commands).map(([word, { about }]) => ({ word, about }))
    return {
      ...nothing,
      source: last.startsWith('-') ? optionsLike(last, line.options) : { kind: 'words', words: commands },
    }
  }
  if (!command) return nothing
  const { args, directory, open, isOver } = readArguments(before.slice(at + 1), command)
  const found = { args, directory }
  if (open) return { ...found, source: open }
  if (last.startsWith('-') && !isOver) {
    const [option = '', ...value] = last.split('=')
    const meant = value.length > 0 ? optionNamed(option, command) : undefined
    return {
      ...found,
      source: value.length > 0 ? (meant?.value ?? nothing.source) : optionsLike(last, command.options),
    }
  }
  return { ...found, source: command.args[args.length] ?? nothing.source }
}

interface Read {
  readonly args: readonly string[]
  readonly directory: string
  /** Of the value that the last option waits for. */
  readonly open?: Source
  /** After `--` there are only arguments. */
  readonly isOver: boolean
}

function readArguments(words: readonly string[], command: CommandWords): Read {
  const args: string[] = []
  let directory = '.'
  let isOver = false
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (word === '--' && !isOver) isOver = true
    else if (isOver || !word.startsWith('-')) args.push(word)
    else {
      const [name = '', ...inside] = word.split('=')
      const option = optionNamed(name, command)
      if (!option?.value) continue
      if (inside.length === 0 && index + 1 >= words.length) return { args, directory, open: option.value, isOver }
      const value = inside.length > 0 ? inside.join('=') : (words[++index] ?? '')
      if (option.value.kind === 'directories') directory = value
    }
  }
  return { args, directory, isOver }
}

function optionNamed(name: string, { options }: CommandWords): OptionWords | undefined {
  return options.find(({ names }) => names.includes(name))
}

/** A short one only where nothing but its dash has been typed. */
function optionsLike(typed: string, options: readonly OptionWords[]): Source {
  const words = options.flatMap(({ names, about }) =>
    names.filter((one) => one.startsWith('--') || typed.length <= 2).map((word) => ({ word, about })),
  )
  return { kind: 'words', words }
}

/** What stands in the way of the value: `--only=` of `--only=a`. */
export function typedValue(last: string): string {
  return /^--?[^=]+=/.test(last) ? last.slice(last.indexOf('=') + 1) : last
}
