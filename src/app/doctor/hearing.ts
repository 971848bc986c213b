import { wrong, type Finding } from '../../domain/finding.js'
import type { Problem } from '../../domain/roadmap/problem.js'
import type { Printer } from '../../ui/print/printer.js'

/** What a check of a run's says when it refuses one, as findings. */
export interface Hearing {
  readonly printer: Printer
  readonly heard: readonly Finding[]
}

/** Listens to a step of `run`. `check`: what it looks at, where its words don't tell. */
export function listenTo(check: string): Hearing {
  const heard: Finding[] = []
  const nothing = () => undefined
  const printer: Printer = {
    problems: (problems) => heard.push(...problems.map(ofProblem)),
    trouble: (text, help) => heard.push(wrong(check, [text].flat().join('; '), help)),
    notice: nothing,
    valid: nothing,
    dryRun: nothing,
    status: nothing,
    noRun: nothing,
    runs: nothing,
    logEntry: nothing,
    taskStanding: nothing,
    failures: nothing,
    finding: (finding) => heard.push(finding),
    diagnosis: nothing,
    answered: nothing,
    openRun: () => Promise.reject(new Error('a check opened a run')),
  }
  return { printer, heard }
}

/** Codes from 100 on are the configuration's. */
function ofProblem({ severity, code, text, help, position: { file, line, column } }: Problem): Finding {
  const check = /^[A-Z]1\d\d$/.test(code) ? 'configuration' : 'roadmap'
  const place = line === 1 && column === 1 ? file : `${file}:${line}:${column}`
  return { check, level: severity, text: `${place}: ${text}`, ...(help === undefined ? {} : { cure: help }) }
}
