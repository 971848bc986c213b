import { Chalk, type ChalkInstance } from 'chalk'
import type { Line, Tone } from './describe.js'

/** What a reader can be shown. */
export interface Form {
  /** Marks in front of lines, and a screen that is drawn again and again. */
  readonly isRich: boolean
  readonly hasColour: boolean
}

/** Marks and colours for lines; in a form without either, the text alone. */
export function painter({ isRich, hasColour }: Form): (line: Line) => string {
  const chalk = chalkFor(hasColour)
  const signed = (paint: ChalkInstance, sign: string) => (text: string) =>
    isRich ? `${paint(sign)} ${text}` : paint(text)
  const unsigned = (text: string) => (isRich ? `  ${text}` : text)
  const styles: Record<Tone, (text: string) => string> = {
    plain: unsigned,
    faint: (text) => unsigned(chalk.dim(text)),
    good: signed(chalk.green, '✔'),
    bad: signed(chalk.red, '✖'),
    warning: signed(chalk.yellow, '!'),
  }
  return ({ tone, text }) => styles[tone](text)
}

/** The caller has decided; chalk's own detection would look at another stream. */
export function chalkFor(hasColour: boolean): ChalkInstance {
  return new Chalk({ level: hasColour ? 1 : 0 })
}

/** Colours for a line of a patch. */
export function patchPainter(colour: boolean): (line: string) => string {
  if (!colour) return (line) => line
  const chalk = chalkFor(true)
  return (line) => {
    if (/^(?:diff |index |--- |\+\+\+ |similarity |rename |new file |deleted file )/.test(line)) return chalk.bold(line)
    if (line.startsWith('@@')) return chalk.cyan(line)
    if (line.startsWith('+')) return chalk.green(line)
    return line.startsWith('-') ? chalk.red(line) : line
  }
}
