import type { UiForm } from '../../domain/output-format.js'
import type { Environment } from '../../domain/process/environment.js'
import { heldTasks } from '../../domain/roadmap/plan.js'
import { formatProblem, type Problem } from '../../domain/roadmap/problem.js'
import { plural } from '../../domain/text.js'
import { ciHost, type CiHost } from './ci-host.js'
import { dryRunTexts } from '../dry-run/dry-run.js'
import { realClock } from '../../platform/clock.js'
import { isInForeground } from '../../platform/terminal/foreground.js'
import { diagnosisLine, findingLines } from '../doctor.js'
import { describeAnswer } from '../answer.js'
import { formatHold, showId } from '../format.js'
import type { Form } from '../paint.js'
import type { Reporter } from '../reporters/contract.js'
import { plainReporter } from '../reporters/plain-reporter.js'
import { runsLines } from '../runs.js'
import { noRunLine, statusLines, taskStanding } from '../status.js'
import { summarize, type Window } from '../summary.js'
import { entryLines, failuresLines } from '../task-log.js'
import { formOf } from './form.js'
import { lineWriter, sinkOf } from './output.js'
import type { Printer, RunPrinter, ValidRoadmap } from './printer.js'
import { steady } from './stream.js'
import { helpText, troubleText } from './trouble.js'

/** Lines for people: results on stdout, troubles and progress on stderr. */
export function humanPrinter(env: Environment, ui?: UiForm): Printer {
  const form = formOf(process.stdout, env, ui)
  const say = lineWriter(process.stdout, form)
  const result = sinkOf(process.stdout)
  const aside = sinkOf(process.stderr)
  const annotate = ({ severity, position, code, text }: Problem) =>
    ciHost(env).annotate({ level: severity, ...position, title: code, text })
  const trouble = (text: string | readonly string[], help?: string) => {
    const more = help === undefined ? '' : `\n    ${helpText(help)}`
    aside.write(`autopilot: ${troubleText(text)}${more}\n`)
  }
  return {
    problems: (problems) => {
      for (const problem of problems) aside.write(`${formatProblem(problem)}\n`)
      problems.forEach(annotate)
    },
    trouble,
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
    logEntry: (entry, output) => entryLines(entry, output).forEach(say),
    taskStanding: (task, brokenOff) => taskStanding(task, brokenOff).forEach(say),
    failures: (state) => failuresLines(state).forEach(say),
    answered(_run, answer) {
      const { text, help, isRefused } = describeAnswer(answer)
      if (isRefused) trouble(text, help)
      else say({ tone: 'plain', text })
    },
    openRun: async () => ({
      ...(await openShow(formOf(process.stderr, env, ui), ciHost(env))),
      summary: (state, view) => summarize(state, { ...view, ...windowOf(process.stdout, form) }).forEach(say),
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
async function openShow(form: Form, host: CiHost): Promise<Pick<RunPrinter, 'reporter' | 'keys'>> {
  if (!form.isRich) return { reporter: folded(plainReporter(lineWriter(process.stderr, form), realClock), host) }
  const { terminalReporter } = await import('../reporters/terminal-reporter.js')
  const live = terminalReporter({ stream: steady(process.stderr), form, clock: realClock, isInForeground })
  // A shell that had the terminal meanwhile has written to it.
  const redraw = () => live.redraw()
  const close = () => {
    process.off('SIGCONT', redraw)
    process.off('exit', close)
    live.close()
  }
  process.on('SIGCONT', redraw)
  // However autopilot ends, but by a KILL, the cursor comes back.
  process.on('exit', close)
  const record: Reporter['record'] = (event, state) => live.record(event, state)
  const reporter = { record, close, suspend: () => live.suspend(), goOn: () => live.goOn() }
  return { reporter, keys: (act) => live.listen(act) }
}

/** What is told along the way is folded in the log of a CI job; what came of it is not. */
function folded(reporter: Reporter, host: CiHost): Reporter {
  let unfold: (() => void) | undefined
  let isClosed = false
  return {
    record(record, state) {
      if (!isClosed) unfold ??= host.fold(`autopilot run ${state.start.runId}`)
      reporter.record(record, state)
    },
    close() {
      isClosed = true
      reporter.close()
      unfold?.()
      unfold = undefined
    },
  }
}

function windowOf({ columns, rows }: NodeJS.WriteStream, { isRich }: Form): { readonly window?: Window } {
  return isRich ? { window: { columns, rows } } : {}
}
