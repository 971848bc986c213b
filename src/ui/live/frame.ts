import { formatMoment } from '../../domain/accounts/wall-time.js'
import type { EpochMs } from '../../domain/brand.js'
import { later, msBetween } from '../../domain/clock.js'
import { forecast, type Forecast } from '../../domain/run/forecast.js'
import type { RunState } from '../../domain/run/run-state.js'
import { cleanLine, cleanName, plural } from '../../domain/text.js'
import { localZone } from '../../platform/clock.js'
import { formatPaused } from '../control.js'
import { formatCounts, formatElapsed, formatTasks, formatWait, showId } from '../format.js'
import { headerLines } from './header.js'
import { fitLine, piece, widthOf, type ScreenLine } from './screen-line.js'
import { busySlots, slotTable } from './slot-table.js'
import type { ScreenSize, View } from './view.js'

/** From so many columns on there is room for words that explain, and below so many not even for all that they are about. */
const wideColumns = 100
const narrowColumns = 60

/**
 * The screen of a run: one line for each subject, then one for each busy slot. A line is never wider than the window, and
 * the lines leave one row free, so that nothing scrolls. In a low window the subjects that matter least are left out,
 * and the slots that have no room are counted.
 */
export function frame(view: View, { columns, rows }: ScreenSize): readonly ScreenLine[] {
  const room = Math.max(1, rows - 1)
  const busy = busySlots(view.state)
  const subjects = fitting(subjectsOf(view, columns), room - Math.min(busy.length, 1))
  const slots = slotLines(view, columns, room - subjects.length)
  const above = subjects.filter(({ place }) => place === 'above')
  const below = subjects.filter(({ place }) => place === 'below')
  return [...above.map(({ line }) => line), ...slots, ...below.map(({ line }) => line)].map((line) =>
    fitLine(line, columns),
  )
}

/** A line about one thing, above the slots or below; the highest `rank` is left out first. */
interface Subject {
  readonly line: ScreenLine
  readonly place: 'above' | 'below'
  readonly rank: number
}

function fitting(subjects: readonly Subject[], room: number): readonly Subject[] {
  const most = Math.max(1, room)
  if (subjects.length <= most) return subjects
  const ranks = subjects.map(({ rank }) => rank).sort((a, b) => a - b)
  const limit = ranks[most - 1] ?? 0
  return subjects.filter(({ rank }) => rank <= limit).slice(0, most)
}

function subjectsOf(view: View, columns: number): readonly Subject[] {
  const { state, foot = [] } = view
  const [header = [], gates] = headerLines(view, columns)
  const subject = (place: Subject['place'], rank: number, line: ScreenLine | undefined): readonly Subject[] =>
    line === undefined || line.length === 0 ? [] : [{ line, place, rank }]
  return [
    ...subject('above', 3, header),
    ...subject('above', 8, gates),
    ...subject('above', 4, progressLine(view, columns)),
    ...subject('above', 1, [piece(formatCounts(state.counts))]),
    ...subject('above', 2, tallyLine(state, columns)),
    ...subject('below', 7, setupLine(view)),
    ...subject('below', 6, gatesLine(view)),
    ...subject('below', 9, mergeLine(view)),
    ...limitLines(view).flatMap((line, index) => subject('below', 5 + index / 1000, line)),
    ...subject('below', 2.25, pausedLine(view)),
    ...subject('below', 2.5, stoppingLine(state)),
    // What may be typed matters least; what a person asks for stands to the last.
    ...foot.flatMap(({ line, isHint }, index) => subject('below', isHint ? 10 : index / 1000, line)),
  ]
}

/** That nothing begins, and why, so that nobody takes the run for one that hangs. */
function pausedLine({ state: { paused }, now }: View): ScreenLine | undefined {
  return paused && [piece(formatPaused(paused, now), 'warning')]
}

const barColumns = 30

/** `████████░░░░  38 %, ends about 14:05 (in 43 min), by the estimates`. */
function progressLine(view: View, columns: number): ScreenLine {
  const expected = forecast(view.state, view.ms)
  const percent = `${String(Math.floor(expected.share * 100)).padStart(3)} %`
  const text = `${percent}${predictedEnd(view, expected, columns)}${columns < wideColumns ? '' : bases[expected.by]}`
  const bar = Math.min(barColumns, Math.max(8, columns - text.length - 2))
  const full = Math.floor(expected.share * bar)
  return [piece('█'.repeat(full), 'good'), piece('░'.repeat(bar - full), 'faint'), piece(` ${text}`)]
}

const bases: Readonly<Record<Forecast['by'], string>> = {
  estimates: ', by the estimates',
  history: ', by what tasks have taken so far',
  count: ', by the number of tasks',
}

/** Only while nothing is in the way of the rest. */
function predictedEnd({ state, now }: View, { remainingMs }: Forecast, columns: number): string {
  if (remainingMs === undefined || state.waiting || state.stopping || state.canceling !== undefined) return ''
  const end = `, ends about ${formatMoment(later(now, remainingMs), now, localZone())}`
  return columns < narrowColumns ? end : `${end} (in ${formatWait(remainingMs)})`
}

function tallyLine({ tally: { counts }, tasks }: RunState, columns: number): ScreenLine {
  const { done, failed, held, canceled } = counts
  const line = [
    piece('Tasks: '),
    piece(`${done} done`, done > 0 ? 'good' : 'plain'),
    piece(' | '),
    piece(`${failed} failed`, failed > 0 ? 'bad' : 'plain'),
    piece(' | '),
    piece(`${held} held`, held > 0 ? 'warning' : 'plain'),
    ...(canceled > 0 ? [piece(' | '), piece(`${canceled} canceled`, 'warning')] : []),
  ]
  const whole = [...line, piece(` | ${tasks.size} in all`)]
  return widthOf(whole) <= columns ? whole : line
}

function slotLines(view: View, columns: number, room: number): readonly ScreenLine[] {
  const busy = busySlots(view.state)
  if (busy.length <= room) return slotTable(view, busy, columns)
  if (room <= 0) return []
  const shown = busy.slice(0, room - 1)
  const rest = plural(busy.length - shown.length, shown.length === 0 ? 'busy slot' : 'more busy slot')
  return [...slotTable(view, shown, columns), [piece(`… ${rest}`, 'faint')]]
}

function setupLine({ state: { setupsAtWork }, ms }: View): ScreenLine | undefined {
  const setups = [...setupsAtWork.values()]
  const [first] = setups
  if (!first) return undefined
  const forGates = setups.filter(({ use }) => use === 'gates').length
  const forAgents = setups.length - forGates
  const whose = [
    ...(forAgents > 0 ? [`${forAgents} for agents`] : []),
    ...(forGates > 0 ? [`${forGates} for gates`] : []),
  ]
  return [label('Setup'), piece(`${whose.join(', ')} (${formatElapsed(ms - first.since)})`)]
}

/** Each gate that runs, on what, and for how long. */
function gatesLine({ state: { gatesAtWork }, ms }: View): ScreenLine | undefined {
  if (gatesAtWork.size === 0) return undefined
  const gates = [...gatesAtWork.values()].map(({ gate, taskIds, since }) => {
    const what = taskIds.length === 0 ? 'the base' : formatTasks(taskIds)
    return `${cleanLine(gate, 60)} on ${what} (${formatElapsed(ms - since)})`
  })
  return [label('Gates'), piece(gates.join('; '))]
}

/** What has not landed yet, in order. */
function mergeLine({ state, ms }: View): ScreenLine | undefined {
  const { landing } = state.tally
  const first = landing.values().next()
  if (first.done) return undefined
  const ids = [...landing.keys()].slice(0, 20).map(showId).join(', ')
  return [label('Merge'), piece(`${plural(landing.size, 'task')} (${formatElapsed(ms - first.value)}): ${ids}`)]
}

/** Accounts that cool down, for how long, and until when; one line where nothing can start before that. */
function limitLines({ state, now }: View): readonly ScreenLine[] {
  const line = (who: string, until: EpochMs, more = ''): ScreenLine => {
    const moment = formatMoment(until, now, localZone())
    return [
      label('Limit'),
      piece(`${who} for ${formatWait(msBetween(now, until))} (until ${moment})${more}`, 'warning'),
    ]
  }
  const { waiting } = state
  if (waiting) {
    return [line('all providers', waiting.until, `: ${waiting.providers.map((one) => cleanName(one, 60)).join(', ')}`)]
  }
  return [...state.providers].flatMap(([name, { coolDownUntil: until, stopped }]) =>
    until === undefined || stopped || until <= now ? [] : [line(cleanName(name, 60), until)],
  )
}

function stoppingLine({ canceling, stopping }: RunState): ScreenLine | undefined {
  if (canceling !== undefined) return [label('Stops'), piece(cleanLine(canceling), 'warning')]
  if (!stopping) return undefined
  return [label('Stops'), piece(`starting nothing more: ${cleanLine(stopping.why)}`, 'warning')]
}

function label(name: string) {
  return piece(`${name.padEnd(5)} `, 'faint')
}
