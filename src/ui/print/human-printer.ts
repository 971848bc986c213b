import type { Environment } from '../../domain/process/environment.js'
import { heldTasks } from '../../domain/roadmap/plan.js'
import { formatProblem } from '../../domain/roadmap/problem.js'
import { plural } from '../../domain/text.js'
import { dryRunTexts } from '../dry-run/dry-run.js'
import { formatHold, showId } from '../format.js'
import type { Reporter } from '../reporters/contract.js'
import { plainReporter } from '../reporters/plain-reporter.js'
import { runsLines } from '../runs.js'
import { noRunLine, statusLines } from '../status.js'
import { summarize } from '../summary.js'
import { isLively, lineWriter, sinkOf } from './output.js'
import type { Printer, ValidRoadmap } from './printer.js'
import { steady } from './stream.js'
import { helpText, troubleText } from './trouble.js'

/** Lines for people: results on stdout, troubles and progress on stderr. */
export function humanPrinter(env: Environment): Printer {
  const say = lineWriter(process.stdout, env)
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
    openRun: async () => ({
      reporter: await openReporter(env),
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

/** Loads the spinner's library only for a terminal. */
async function openReporter(env: Environment): Promise<Reporter> {
  if (!isLively(process.stderr, env)) return plainReporter(sinkOf(process.stderr))
  const { terminalReporter } = await import('../reporters/terminal-reporter.js')
  return terminalReporter(steady(process.stderr))
}
