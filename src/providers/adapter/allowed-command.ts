import { failure, type Failure } from '../../domain/agent/failure.js'
import { shortLine } from './line.js'

/** A command that `allow:` permits under `edit`. */
export interface AllowedCommand {
  /** Its words as they are typed, separated by single blanks. */
  readonly command: string
  /** More words may follow. */
  readonly isPrefix: boolean
}

/**
 * Reads an entry of `allow:`, which is written in claude's notation for every provider: `Bash(npm test:*)` permits every
 * command that begins so, `Bash(npm test)` only this one. Undefined for any other, and for one with characters that a
 * shell or a pattern would take for something else.
 */
export function allowedCommand(entry: string): AllowedCommand | undefined {
  const [, text, star] = /^Bash\((.+?)(:\*)?\)$/s.exec(entry.trim()) ?? []
  if (text === undefined || !/^[\w./@%+,=:-]+(?: [\w./@%+,=:-]+)*$/.test(text)) return undefined
  return { command: text, isPrefix: star !== undefined }
}

/** The commands that `allow:` permits, for a CLI that knows no other entries. Ask {@link refuseAllow} first. */
export function allowedCommands(allow: readonly string[]): readonly AllowedCommand[] {
  return allow.flatMap((entry) => allowedCommand(entry) ?? [])
}

/** An entry that a CLI cannot express is refused: the agent would miss what the user has promised it. */
export function refuseAllow(cli: string, allow: readonly string[]): Failure | undefined {
  const foreign = allow.filter((entry) => allowedCommand(entry) === undefined)
  if (foreign.length === 0) return undefined
  const shown = foreign.slice(0, 3).map((entry) => `\`${shortLine(entry, 100)}\``)
  return failure(
    'usage',
    `${cli} cannot be told ${shown.join(', ')} of \`allow:\`; it knows only commands in plain words, such as ` +
      '`Bash(npm test:*)`. Use another provider, or change the entry.',
  )
}

/** The entry that permits exactly this command, if one can. */
export function entryFor(command: string | undefined): string | undefined {
  const entry = command === undefined ? undefined : `Bash(${command.trim()})`
  return entry !== undefined && allowedCommand(entry)?.isPrefix === false ? entry : undefined
}
