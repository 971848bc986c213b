import { formatMoment } from '../domain/accounts/wall-time.js'
import type { Control, RecordOf } from '../domain/run/event.js'
import type { RunState } from '../domain/run/run-state.js'
import { plural } from '../domain/text.js'
import { localZone } from '../platform/clock.js'
import { formatActor, formatDuration, showId } from './format.js'

interface ControlLine {
  readonly tone: 'plain' | 'warning' | 'faint'
  readonly text: string
}

/** What somebody did to a run at work, as a line. */
export function describeControl(record: RecordOf<Control>): ControlLine {
  switch (record.type) {
    case 'run_paused':
      return { tone: 'warning', text: formatPaused(record, record.at) }
    case 'run_unpaused':
      return { tone: 'plain', text: `no longer paused: ${formatActor(record.by)}` }
    case 'task_canceling':
      return { tone: 'warning', text: `${showId(record.taskId)} is being canceled: ${formatActor(record.by)}` }
    case 'run_stop_asked':
      return { tone: 'warning', text: `canceled, as by Ctrl-C: ${formatActor(record.by)}` }
    case 'slots_changed':
      return { tone: 'plain', text: `${plural(record.slots.length, 'slot')} from now on: ${formatActor(record.by)}` }
    case 'run_continued':
      return {
        tone: 'faint',
        text: `continued; it was stopped, with its agents, for ${formatDuration(record.stoppedMs)}`,
      }
  }
}

/** That a run is paused, by whom, and what ends it: nobody may take it for one that hangs. */
export function formatPaused(
  { by, until }: Pick<NonNullable<RunState['paused']>, 'by' | 'until'>,
  now: RecordOf<Control>['at'],
): string {
  const end =
    until === undefined
      ? 'until autopilot unpause'
      : `until autopilot unpause, or until its time limit ends the run at ${formatMoment(until, now, localZone())}`
  return `paused by ${formatActor(by)}: nothing begins ${end}`
}
