import ora, { type Ora } from 'ora'
import stringWidth from 'string-width'
import { later } from '../../domain/clock.js'
import type { RunState } from '../../domain/run/run-state.js'
import { clip } from '../../domain/text.js'
import type { Reporter } from './contract.js'
import { below, describe, describeSlot } from '../describe.js'
import { formatCounts, formatWaiting } from '../format.js'
import { painter } from '../paint.js'

/**
 * For a terminal: a spinner with the counts line and a line for each busy slot; settled tasks scroll above. Writes to
 * `stream` (stderr), so that stdout stays the result's.
 */
export function terminalReporter(stream: NodeJS.WriteStream): Reporter {
  // Enabled, because the caller has decided. Left alone, it would print every change on a line if CI is set but empty.
  const spinner: Ora = ora({ stream, isEnabled: true, discardStdin: false, hideCursor: true })
  const paint = painter(true)
  let state: RunState | undefined
  let drawnAt = 0
  const width = () => Math.max(20, stream.columns || 80)
  const redraw = () => {
    if (!state) return
    // The state's own time stands still between events; the elapsed times on the screen don't.
    const ms = state.ms + (performance.now() - drawnAt)
    spinner.text = screen(state, ms, width(), stream.rows || 24)
  }
  const ticker = setInterval(() => {
    try {
      redraw()
    } catch {
      // The next record draws, too, and its exception is heard.
      clearInterval(ticker)
    }
  }, 200)
  ticker.unref()
  return {
    record(record, next) {
      state = next
      drawnAt = performance.now()
      const line = describe(record, next)
      if (line && !line.onScreen) {
        spinner.clear()
        for (const part of [line, ...below(line).map((text) => ({ tone: 'plain', text }) as const)])
          stream.write(`${paint(part)}\n`)
      }
      redraw()
      if (!spinner.isSpinning && record.type !== 'run_finished') spinner.start()
    },
    close() {
      clearInterval(ticker)
      spinner.stop()
    },
  }
}

/** The spinner's text: the counts, then as many busy slots as the window has room for, in columns. */
export function screen(state: RunState, ms: number, columns: number, rows: number): string {
  const busy = [...state.slots.keys()].flatMap((id) => {
    const cells = describeSlot(state, id, ms)
    return cells ? [cells] : []
  })
  const room = Math.max(1, rows - 3)
  const shown = table(busy.slice(0, room)).map((line) => fit(`  ${line}`, columns - 2))
  if (busy.length > room) shown.push(`  … and ${busy.length - room} more`)
  const { waiting } = state
  const why = waiting && formatWaiting(waiting.until, later(waiting.at, ms - waiting.ms), waiting.providers)
  const waits = why === undefined ? [] : [fit(`  ${why}`, columns - 2)]
  return [formatCounts(state.counts), ...waits, ...shown].join('\n')
}

/** Pads by what a terminal shows: a CJK character or an emoji takes two columns. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => stringWidth(cells[column] ?? ''))))
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell)))
      .join('  ')
      .trimEnd(),
  )
}

/** As much of a line as fits into so many columns. */
function fit(line: string, columns: number): string {
  let length = Math.min(line.length, columns)
  while (stringWidth(clip(line, length)) > columns) length--
  return clip(line, length)
}
