import { criticalPath } from '../graph/critical-path.js'
import type { ReportTask } from '../form.js'
import type { PageData, Patch } from './data.js'

/** The page's data with what has changed since. */
export function patched({ report, graph }: PageData, { patch, head, tasks, spans, samples }: Patch): PageData {
  const changed = new Map<string, ReportTask>(tasks.map((task) => [task.id, task]))
  const known = new Set<string>(report.tasks.map(({ id }) => id))
  const all = [...report.tasks.map((task) => changed.get(task.id) ?? task), ...tasks.filter(({ id }) => !known.has(id))]
  const nextSpans = [...report.spans]
  for (const [index, span] of spans) nextSpans[index] = span
  // What a head may lack, it lacks now.
  const { report: version } = report
  return {
    graph,
    live: { patch },
    report: {
      report: version,
      ...head,
      tasks: all,
      criticalPath: criticalPath(all, head.ms),
      spans: nextSpans,
      samples: [...report.samples.slice(0, samples.from), ...samples.list],
    },
  }
}
