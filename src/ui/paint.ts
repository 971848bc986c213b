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
