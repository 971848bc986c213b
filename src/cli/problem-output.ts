import { formatProblem, type Problem } from '../domain/problem.js'
import { sinkOf } from './output.js'

/** Problems with files that a person wrote: as lines on stderr, or each as a JSON line on stdout. */
export function printProblems(problems: readonly Problem[], output: 'human' | 'json'): void {
  const sink = sinkOf(output === 'json' ? process.stdout : process.stderr)
  for (const problem of problems) {
    sink.write(`${output === 'json' ? JSON.stringify({ type: 'problem', ...problem }) : formatProblem(problem)}\n`)
  }
}

/** Something wrong that has no position in a file: what, and what to do next. */
export function printTrouble(text: string, help: string | undefined, output: 'human' | 'json'): void {
  if (output === 'json') {
    sinkOf(process.stdout).write(
      `${JSON.stringify({ type: 'error', text, ...(help === undefined ? {} : { help }) })}\n`,
    )
    return
  }
  sinkOf(process.stderr).write(`autopilot: ${text}${help === undefined ? '' : `\n    ${help}`}\n`)
}
