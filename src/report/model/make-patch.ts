import type { RunState } from '../../domain/run/run-state.js'
import type { Patch } from '../page/data.js'
import type { RunHistory } from './history.js'
import { reportHead, taskRows, type ReportFacts } from './make-report.js'

/** What has changed since the last time; undefined if nothing has. */
export function takePatch(patch: number, history: RunHistory, state: RunState, facts: ReportFacts): Patch | undefined {
  if (!history.hasNews) return undefined
  const { changedTasks, spans, samples } = history
  const taken: Patch = {
    patch,
    head: reportHead(history, state, facts),
    tasks: taskRows(changedTasks, history, state, facts),
    spans: [...spans.changed].flatMap((index) => {
      const span = spans.all[index]
      return span ? [[index, span] as const] : []
    }),
    samples: { from: samples.changedFrom, list: samples.all.slice(samples.changedFrom) },
  }
  forgetChanges(history)
  return taken
}

/** Nobody needs to be told of what has changed until now. */
export function forgetChanges(history: RunHistory): void {
  const { changedTasks, spans, samples } = history
  history.hasNews = false
  changedTasks.clear()
  spans.changed.clear()
  samples.changedFrom = samples.all.length
}
