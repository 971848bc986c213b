import { formatProblem, type Problem } from '../../domain/roadmap/problem.js'
import { cleanLine } from '../../domain/text.js'
import { printJson, sinkOf } from './output.js'

/** Problems with files that a person wrote: as lines on stderr, or each as a JSON line on stdout. */
export function printProblems(problems: readonly Problem[], output: 'human' | 'json'): void {
  const sink = sinkOf(process.stderr)
  for (const problem of problems) {
    if (output === 'json') printJson(process.stdout, { type: 'problem', ...problem })
    else sink.write(`${formatProblem(problem)}\n`)
  }
}

/** Something wrong that has no position in a file: what, on one line or several, and what to do next. */
export function printTrouble(
  text: string | readonly string[],
  help: string | undefined,
  output: 'human' | 'json',
): void {
  const lines = [text].flat().map((line, index) => (index === 0 ? '' : '  ') + indented(line))
  if (output === 'json') {
    printJson(process.stdout, { type: 'error', text: lines.join('\n'), ...(help === undefined ? {} : { help }) })
    return
  }
  const more = help === undefined ? [] : [`    ${cleanLine(help, maxChars)}`]
  sinkOf(process.stderr).write(`autopilot: ${[...lines, ...more].join('\n')}\n`)
}

const maxChars = 2000

/** A clean line, as far in as it was. */
function indented(line: string): string {
  return (/^ */.exec(line)?.[0] ?? '') + cleanLine(line, maxChars)
}
