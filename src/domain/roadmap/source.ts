import type { Problem } from './problem.js'
import type { Position } from './task.js'
import { cleanLine } from '../text.js'

/** A file's text (byte order mark stripped) with what is needed to turn offsets into positions. */
export interface Source {
  /** The path as people typed it. */
  readonly file: string
  readonly text: string
  /** Offsets at which lines start, in UTF-16 units; a line ends with LF, CRLF or a lone CR. */
  readonly lineStarts: readonly number[]
}

/** What a parse has found out so far: problems are added as they are seen and sorted at the end. */
export interface Reading {
  readonly source: Source
  readonly problems: Problem[]
}

/** What may be added to a problem besides its sentence. */
export interface ProblemMore {
  readonly help?: string
  readonly path?: string
}

export function createSource(file: string, text: string): Source {
  const lineStarts = [0]
  for (const match of text.matchAll(/\r\n|\n|\r/g)) lineStarts.push(match.index + match[0].length)
  return { file, text, lineStarts }
}

/** The 1-based line of an offset, by binary search. */
export function lineAt({ lineStarts }: Source, offset: number): number {
  let [low, high] = [0, lineStarts.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low + 1
}

export function positionAt(source: Source, offset: number): Position {
  const line = lineAt(source, offset)
  return { file: source.file, line, column: offset - (source.lineStarts[line - 1] ?? 0) + 1 }
}

/** One line of the file, cleaned and clipped for a message. */
export function lineText({ text, lineStarts }: Source, line: number): string {
  return cleanLine(text.slice(lineStarts[line - 1], lineStarts[line] ?? text.length), 80)
}

/** Records a problem at an offset. The code's first letter is its severity; outside text in the sentence is cleaned. */
export function addProblem(reading: Reading, code: string, offset: number, text: string, more: ProblemMore = {}): void {
  reading.problems.push(problemAt(code, positionAt(reading.source, offset), text, more))
}

/** A problem at a position; sentence and help are cleaned, since they may quote the file. */
export function problemAt(code: string, position: Position, text: string, more: ProblemMore = {}): Problem {
  return {
    severity: code.startsWith('E') ? 'error' : 'warning',
    code,
    text: cleanLine(text, 2000),
    ...(more.help === undefined ? {} : { help: cleanLine(more.help, 2000) }),
    position,
    ...(more.path === undefined || more.path === '' ? {} : { path: cleanLine(more.path, 300) }),
  }
}

/** A broken file can have one error a line: more than this many are not worth describing. */
export const maxErrors = 50
