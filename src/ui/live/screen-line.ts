import type { ChalkInstance } from 'chalk'
import { cleanLine } from '../../domain/text.js'
import { fitText, widthOfText } from './text-width.js'

/** How a piece of a line is meant. */
export type PieceTone = 'plain' | 'strong' | 'faint' | 'good' | 'bad' | 'warning'

/** Part of a line of the screen: clean text, in one tone. */
export interface Piece {
  readonly text: string
  readonly tone: PieceTone
}

export type ScreenLine = readonly Piece[]

export function piece(text: string, tone: PieceTone = 'plain'): Piece {
  return { text, tone }
}

/** Outside text on one line, of which at most so many columns are shown: what is far beyond is not even looked at. */
export function cleanStart(text: string, columns: number): string {
  // Escape sequences, which go, may be long.
  return fitText(cleanLine(text.slice(0, 4 * columns + 400), 4 * columns), columns)
}

export function widthOf(line: ScreenLine): number {
  return line.reduce((sum, { text }) => sum + widthOfText(text), 0)
}

/** As much of a line as fits into so many columns. */
export function fitLine(line: ScreenLine, columns: number): ScreenLine {
  let left = columns
  return line.flatMap((one) => {
    if (left <= 0) return []
    const text = fitText(one.text, left)
    left -= text === one.text ? widthOfText(text) : left
    return [{ ...one, text }]
  })
}

/** The texts of a line, in their colours. */
export function paintLine(line: ScreenLine, chalk: ChalkInstance): string {
  return line.map(({ text, tone }) => paintPiece(text, tone, chalk)).join('')
}

function paintPiece(text: string, tone: PieceTone, chalk: ChalkInstance): string {
  switch (tone) {
    case 'plain':
      return text
    case 'strong':
      return chalk.bold(text)
    case 'faint':
      return chalk.dim(text)
    case 'good':
      return chalk.green(text)
    case 'bad':
      return chalk.red(text)
    case 'warning':
      return chalk.yellow(text)
  }
}
