import type { Clock } from '../../domain/clock.js'
import type { EpochMs } from '../../domain/brand.js'
import { below, describe, type Line } from '../describe.js'
import { formatTime } from '../format.js'
import type { Reporter } from './contract.js'

/** While a run is young, each change of the counts is shown; then they are shown at most this often, in ms. */
const youngMs = 60_000
const pauseMs = 5_000

/** Lines for pipes, logs and CI: no cursor movement; the time stands before each but the counts, which scripts know. */
export function plainReporter(say: (line: Line) => void, clock: Pick<Clock, 'schedule'>): Reporter {
  const counts = countLines(say, clock)
  return {
    record(record, state) {
      const line = describe(record, state)
      if (!line) return
      if (record.type === 'queue_updated') counts.changed(line, record.ms)
      else sayTimed(record.at, line, say)
    },
    close: () => counts.finish(),
  }
}

function sayTimed(at: EpochMs, line: Line, say: (line: Line) => void): void {
  say({ ...line, text: `${formatTime(at)} ${line.text}` })
  for (const text of below(line)) say({ tone: 'plain', text })
}

/** Lines of which the last one is always shown, sooner or later. */
function countLines(say: (line: Line) => void, clock: Pick<Clock, 'schedule'>) {
  let shown: { readonly text: string; readonly ms: number } | undefined
  let waiting: Line | undefined
  let cancel: (() => void) | undefined
  const show = (ms: number) => {
    cancel?.()
    cancel = undefined
    if (waiting && waiting.text !== shown?.text) say(waiting)
    shown = { text: waiting?.text ?? shown?.text ?? '', ms }
    waiting = undefined
  }
  return {
    /** `ms`: the run's time. */
    changed(line: Line, ms: number): void {
      waiting = line
      const next = ms < youngMs || !shown ? ms : shown.ms + pauseMs
      if (next <= ms) show(ms)
      else cancel ??= clock.schedule(next - ms, () => show(next))
    },
    finish(): void {
      if (waiting) show(shown?.ms ?? 0)
    },
  }
}
