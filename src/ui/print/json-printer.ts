import { jsonLine } from '../../domain/json-line.js'
import { heldTasks } from '../../domain/roadmap/plan.js'
import { publicRecord } from '../../domain/run/event.js'
import { printedDryRun } from '../dry-run/dry-run.js'
import { jsonReporter } from '../reporters/json-reporter.js'
import { runsObjects } from '../runs.js'
import { statusObject } from '../status.js'
import { failureObjects } from '../task-log.js'
import { jsonSink, printJson } from './output.js'
import type { Printer } from './printer.js'
import { troubleText } from './trouble.js'

/** One object on a line of stdout, for machines. */
export function jsonPrinter(): Printer {
  return {
    problems: (problems) => problems.forEach((problem) => printJson({ type: 'problem', ...problem })),
    trouble: (text, help) =>
      printJson({ type: 'error', text: troubleText(text), ...(help === undefined ? {} : { help }) }),
    notice: (text) => printJson({ type: 'notice', level: 'info', text }),
    valid({ file, tasks, runnable, warnings }) {
      const held = heldTasks(tasks)
      for (const hold of held) printJson({ type: 'held', ...hold })
      for (const text of warnings) printJson({ type: 'notice', level: 'warning', text })
      const done = tasks.filter(({ state }) => state === 'done').length
      printJson({ type: 'valid', file, tasks: tasks.length, runnable, held: held.length, done })
    },
    dryRun: (run) => printedDryRun(run).forEach(printJson),
    status: (status) => printJson(statusObject(status)),
    runs: (runs) => runsObjects(runs).forEach(printJson),
    logEntry: ({ record }) => jsonSink(process.stdout).write(jsonLine(publicRecord(record))),
    taskStanding: () => undefined,
    failures: (state) => failureObjects(state).forEach(printJson),
    answered: (run, answer) => printJson({ type: 'answer', run, answer }),
    noRun: () => printJson({ type: 'status', run: null }),
    finding: (finding) => printJson({ type: 'finding', ...finding }),
    diagnosis: (diagnosis) => printJson({ type: 'diagnosis', ...diagnosis }),
    openRun: () => Promise.resolve({ reporter: jsonReporter(jsonSink(process.stdout)), summary: () => undefined }),
  }
}
