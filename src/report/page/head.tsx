import { useState } from 'preact/hooks'
import { formatDuration } from '../../domain/duration.js'
import { cleanName } from '../../domain/text.js'
import { reportStates, type Report, type ReportState } from '../form.js'
import { headlineOf } from '../headline.js'
import type { Connection } from './connection.js'
import type { Filter } from './rows.js'
import { stateWords, timeOfDay } from './words.js'

interface HeadProps {
  readonly report: Report
  readonly connection: Connection
  readonly filter: Filter
  readonly onFilter: (filter: Filter) => void
}

/** Which run it is, how it stands, and how many tasks are in each state; these filter the table. */
export function Head({ report, connection, filter, onFilter }: HeadProps) {
  const { run, roadmap, target, ms, version, next } = report
  const headline = headlineOf(report)
  const tone = report.standing === 'finished' ? (headline.isGood ? 'good' : 'bad') : 'plain'
  const toggle = (state: ReportState) => {
    const states = new Set(filter.states)
    if (!states.delete(state)) states.add(state)
    onFilter({ ...filter, states })
  }
  return (
    <header>
      <div class="title">
        <h1 class={tone}>{headline.text}</h1>
        <ThemeButton />
      </div>
      <p class="facts">
        <span>run {cleanName(run)}</span>
        <span>{cleanName(roadmap, 100)}</span>
        {target && <span>target {cleanName(target.branch, 100)}</span>}
        <span>{formatDuration(ms)}</span>
        <span>began {timeOfDay(report, 0)}</span>
        <span>autopilot {version}</span>
        {connection !== 'none' && (
          <span class={`live ${connection}`} role="status">
            {connection === 'following' ? 'live' : 'connection lost'}
          </span>
        )}
      </p>
      {next !== undefined && <p class="next">Next: {next}</p>}
      <ProgressBar report={report} />
      <div class="states" role="group" aria-label="Filter by state">
        {reportStates
          .filter((state) => (report.counts[state] ?? 0) > 0)
          .map((state) => (
            <button
              key={state}
              type="button"
              class={`chip ${state}`}
              aria-pressed={filter.states.has(state)}
              onClick={() => toggle(state)}
            >
              <b>{report.counts[state]}</b> {stateWords[state]}
            </button>
          ))}
      </div>
    </header>
  )
}

function ProgressBar({ report: { counts, tasks } }: { readonly report: Report }) {
  const width = (state: ReportState) => `${(100 * (counts[state] ?? 0)) / Math.max(1, tasks.length)}%`
  const shown: readonly ReportState[] = ['done', 'merging', 'verifying', 'running', 'failed', 'canceled', 'held']
  const done = counts.done ?? 0
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label="Tasks done"
      aria-valuemin={0}
      aria-valuemax={tasks.length}
      aria-valuenow={done}
    >
      {shown.map((state) => (
        <i key={state} class={state} style={{ width: width(state) }} />
      ))}
    </div>
  )
}

const themes = ['auto', 'light', 'dark'] as const

/** What the reader's system says, unless they say otherwise. */
function ThemeButton() {
  const [theme, setTheme] = useState<(typeof themes)[number]>('auto')
  const change = () => {
    const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto'
    if (next === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = next
    setTheme(next)
    document.dispatchEvent(new Event('themechange'))
  }
  return (
    <button type="button" class="theme" onClick={change}>
      theme: {theme}
    </button>
  )
}
