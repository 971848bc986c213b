import { formatProblem, type Problem } from '../domain/problem.js'
import { printJson, sinkOf } from './output.js'

/** Problems with files that a person wrote: as lines on stderr, or each as a JSON line on stdout. */
export function printProblems(problems: readonly Problem[], output: 'human' | 'json'): void {
  const sink = sinkOf(process.stderr)
  for (const problem of problems) {
    if (output === 'json') printJson(process.stdout, { type: 'problem', ...problem })
    else sink.write(`${formatProblem(problem)}\n`)
  }
}

/** Something wrong that has no position in a file: what, and what to do next. */
export function printTrouble(text: string, help: string | undefined, output: 'human' | 'json'): void {
  if (output === 'json') {
    printJson(process.stdout, { type: 'error', text, ...(help === undefined ? {} : { help }) })
    return
  }
  sinkOf(process.stderr).write(`autopilot: ${text}${help === undefined ? '' : `\n    ${help}`}\n`)
}
