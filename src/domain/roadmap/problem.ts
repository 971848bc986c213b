import { name, number, object, oneOf, optional, text, type ObjectOf } from '../shape/shape.js'
import { cleanLine, cleanName } from '../text.js'

/** Something wrong with a file that a person wrote, with what to do about it. Plain data, fit for JSON. */
export const problemFields = {
  severity: oneOf(['error', 'warning']),
  code: name('Stable, such as `E040` or `W050`; the text may change.'),
  text: text('What is wrong.'),
  help: optional(text('What to do next, one line.')),
  position: object({ file: text('As the user named it.'), line: number('From 1.'), column: number('From 1.') }),
  path: optional(name('Where in the data, such as `tasks[3].dependencies[0]`.')),
}
export type Problem = ObjectOf<typeof problemFields>

/** `FILE:LINE:COL: error CODE: text`, plus one line of help. Clean, whatever the file contains. */
export function formatProblem(problem: Problem): string {
  const { file, line, column } = problem.position
  const { severity, code, text, help } = problem
  const head = `${cleanName(file, maxChars)}:${line}:${column}: ${severity} ${code}: ${cleanLine(text, maxChars)}`
  return help === undefined ? head : `${head}\n    ${cleanLine(help, maxChars)}`
}

/** Generous: texts have been cut before. */
const maxChars = 4000

/** As {@link formatProblem}, on one line; the first place of a file is where problems stand that have none. */
export function formatProblemLine({ position, severity, code, text, help }: Problem): string {
  const { file, line, column } = position
  const place = line === 1 && column === 1 ? file : `${file}:${line}:${column}`
  return cleanLine(`${place}: ${severity} ${code}: ${text}${help === undefined ? '' : `; ${help}`}`, maxChars)
}

/** By file, line and column, errors and warnings mixed as they stand in the file. */
export function compareProblems(a: Problem, b: Problem): number {
  const [p, q] = [a.position, b.position]
  if (p.file !== q.file) return p.file < q.file ? -1 : 1
  return p.line - q.line || p.column - q.column
}
