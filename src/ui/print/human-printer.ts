import type { UiForm } from '../../domain/output-format.js'
import type { Environment } from '../../domain/process/environment.js'
import { heldTasks } from '../../domain/roadmap/plan.js'
import { formatProblem } from '../../domain/roadmap/problem.js'
import { plural } from '../../domain/text.js'
import { dryRunTexts } from '../dry-run/dry-run.js'
import { realClock } from '../../platform/clock.js'
import { isInForeground } from '../../platform/foreground.js'
import { diagnosisLine, findingLines } from '../doctor.js'
import { formatHold, showId } from '../format.js'
import type { Form } from '../paint.js'
import type { Reporter } from '../reporters/contract.js'
import { plainReporter } from '../reporters/plain-reporter.js'
import { runsLines } from '../runs.js'
import { noRunLine, statusLines } from '../status.js'
import { summarize } from '../summary.js'
import { formOf } from './form.js'
import { lineWriter, sinkOf } from './output.js'
import type { Printer, ValidRoadmap } from './printer.js'
import { steady } from './stream.js'
import { helpText, troubleText } from './trouble.js'

/** Lines for people: results on stdout, troubles and progress on stderr. */
export function humanPrinter(env: Environment, ui?: UiForm): Printer {
  const say = lineWriter(process.stdout, formOf(process.stdout, env, ui))
  const result = sinkOf(process.stdout)
  const aside = sinkOf(process.stderr)
  return {
    problems: (problems) => {
      for (const problem of problems) aside.write(`${formatProblem(problem)}\n`)
    },
    trouble: (text, help) => {
      const more = help === undefined ? '' : `\n    ${helpText(help)}`
      aside.write(`autopilot: ${troubleText(text)}${more}\n`)
    },
    notice: (text) => say({ tone: 'plain', text }),
    valid: (roadmap) => {
      for (const text of validTexts(roadmap)) result.write(text)
    },
    dryRun: (run) => {
      for (const text of dryRunTexts(run)) result.write(text)
    },
    status: (status) => statusLines(status).forEach(say),
    noRun: (place) => say(noRunLine(place)),
    runs: (runs) => runsLines(runs).forEach(say),
    finding: (finding) => findingLines(finding).forEach(say),
    diagnosis: (diagnosis) => say(diagnosisLine(diagnosis)),
    openRun: async () => ({
      reporter: await openReporter(formOf(process.stderr, env, ui)),
      summary: (state, places) => summarize(state, places).forEach(say),
    }),
  }
}

function validTexts({ file, tasks, runnable, warnings }: ValidRoadmap): readonly string[] {
  const held = heldTasks(tasks)
  const done = tasks.filter(({ state }) => state === 'done').length
  return [
    ...warnings.map((text) => `${text}\n`),
    ...held.map(({ taskId, reason }) => `held  ${showId(taskId)}: ${formatHold(reason)}\n`),
    `${file} is valid: ${plural(tasks.length, 'task')}, ${runnable} to run, ${held.length} held, ${done} done\n`,
  ]
}

/** Loads what draws only for a terminal. */
async function openReporter(form: Form): Promise<Reporter> {
  if (!form.isRich) return plainReporter(lineWriter(process.stderr, form), realClock)
  const { terminalReporter } = await import('../reporters/terminal-reporter.js')
  const reporter = terminalReporter({ stream: steady(process.stderr), form, clock: realClock, isInForeground })
  // A shell that had the terminal meanwhile has written to it.
  const redraw = () => reporter.redraw()
  const close = () => {
    process.off('SIGCONT', redraw)
    process.off('exit', close)
    reporter.close()
  }
  process.on('SIGCONT', redraw)
  // However autopilot ends, but by a KILL, the cursor comes back.
  process.on('exit', close)
  return { record: (record, state) => reporter.record(record, state), close }
}
