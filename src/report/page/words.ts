import { formatDuration } from '../../domain/duration.js'
import { cleanName } from '../../domain/text.js'
import type { IdleCause, Report, ReportState, Span } from '../form.js'

export const idleWords: Readonly<Record<IdleCause, string>> = {
  dependencies: 'waiting for dependencies',
  preparing: 'waiting for a workspace',
  limit: 'limit of a provider',
  paused: 'paused',
  stopping: 'stopping',
  nothing_left: 'nothing left to start',
}

export const stateWords: Readonly<Record<ReportState, string>> = {
  failed: 'failed',
  held: 'held',
  canceled: 'canceled',
  running: 'running',
  verifying: 'verifying',
  merging: 'merging',
  queued: 'queued',
  pending: 'pending',
  done: 'done',
}

export const kindWords: Readonly<Record<Span['kind'], string>> = {
  attempt: 'attempt',
  repair: 'repair round',
  finish: 'finishing turn',
  review: 'review',
  setup: 'setup',
  gate: 'gate',
  landing: 'landing',
  cool_down: 'cool-down',
  wait: 'nothing can start',
}

export const endWords: Readonly<Record<NonNullable<Span['end']>, string>> = {
  ok: '',
  failed: 'failed',
  errored: 'could not run',
  cut_off: 'cut off',
}

/** What a bar of the timeline is, in one line. */
export function spanWords(
  { kind, taskId, attempt, agent, gate, provider, end, from, to }: Span,
  nowMs: number,
): string {
  return [
    taskId === undefined ? (provider ?? '') : cleanName(taskId, 60),
    kindWords[kind],
    gate ?? '',
    attempt === undefined || attempt === 1 ? '' : `attempt ${attempt}`,
    agent ?? '',
    formatDuration(Math.max(0, (to ?? nowMs) - from)),
    end === undefined ? '' : endWords[end],
  ]
    .filter(Boolean)
    .join(', ')
}

/** The time of day of a moment of the run, as the reader's clock has it. */
export function timeOfDay({ parts }: Pick<Report, 'parts'>, ms: number): string {
  const part = parts.findLast((one) => one.ms <= ms) ?? parts[0]
  return part ? new Date(part.at + ms - part.ms).toLocaleString() : ''
}
