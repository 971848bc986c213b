import { cleanText } from '../../domain/text.js'

/** Longer commands are cut, so that what is around them can still be found. */
const maxChars = 20_000

export function hasLines(command: string): boolean {
  return command.trim().includes('\n')
}

/** A command of several lines as a person wrote it, each of them so far in; control characters are left out. */
export function linesAsWritten(command: string, indent: string): string {
  const text = cleanText(command).replace(/^\n+/, '').trimEnd()
  const shown = text.length > maxChars ? `${text.slice(0, maxChars)} …` : text
  return shown
    .split('\n')
    .map((line) => `${`${indent}${line}`.trimEnd()}\n`)
    .join('')
}
