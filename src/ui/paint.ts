import { Chalk, type ChalkInstance } from 'chalk'
import type { Line, Tone } from './describe.js'

/** Marks and colours for a line on a terminal; without colour, the text alone. */
export function painter(colour: boolean): (line: Line) => string {
  if (!colour) return ({ text }) => text
  // The caller has decided; chalk's own detection would look at another stream.
  const chalk = new Chalk({ level: 1 })
  const styles: Record<Tone, (text: string) => string> = {
    plain: (text) => `  ${text}`,
    faint: (text) => `  ${chalk.dim(text)}`,
    good: (text) => mark(chalk.green, '✔', text),
    bad: (text) => mark(chalk.red, '✖', text),
    warning: (text) => mark(chalk.yellow, '!', text),
  }
  return ({ tone, text }) => styles[tone](text)
}

function mark(colour: ChalkInstance, sign: string, text: string): string {
  return `${colour(sign)} ${text}`
}
