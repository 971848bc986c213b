import type { Occasion } from '../domain/run/occasion.js'
import type { RunRecord } from '../domain/run/event.js'
import type { RunState } from '../domain/run/run-state.js'
import { cleanLine } from '../domain/text.js'
import { formatDuration, formatFailure, formatWaiting, showId } from './format.js'
import { countTasks } from './runs.js'

/** What a person is told of a run that nobody watches: one line, and the figures for machines. */
export interface Notification {
  readonly text: string
  readonly occasion: Occasion
  readonly run: string
  readonly done: number
  readonly failed: number
  readonly held: number
  readonly selected: number
}

export function notificationOf(occasion: Occasion, record: RunRecord, state: RunState): Notification {
  const { runId, roadmap } = state.start
  const text = `autopilot, ${cleanLine(roadmap, 100)}: ${textOf(record, state)}`
  return { text: cleanLine(text, 600), occasion, run: runId, ...countTasks(state) }
}

function textOf(record: RunRecord, state: RunState): string {
  if (record.type === 'task_failed') return `${showId(record.taskId)} failed: ${formatFailure(record.failure)}`
  if (record.type === 'run_waiting') return formatWaiting(record.until, record.at, record.providers)
  if (record.type === 'run_stopping') return `starts nothing more: ${record.why}; ${record.next}`
  const { done, selected, failed, held } = countTasks(state)
  const rest = [...(failed > 0 ? [`${failed} failed`] : []), ...(held > 0 ? [`${held} held`] : [])]
  const { exitCode = 0, why = '' } = state.finished ?? {}
  const end = exitCode === 0 ? '' : `; ${why} (exit code ${exitCode})`
  return `finished after ${formatDuration(state.ms)}, ${[`${done} of ${selected} done`, ...rest].join(', ')}${end}`
}

/** The body for a webhook: the figures, and the text as Slack reads it, in which nobody outside can call for attention. */
export function webhookBody(notification: Notification): string {
  const text = notification.text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return JSON.stringify({ ...notification, text })
}
