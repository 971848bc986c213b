import type { RefObject } from 'preact'
import { memo } from 'preact/compat'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { formatUsd } from '../../domain/accounts/budget.js'
import { tokensOf } from '../../domain/agent/agent-event.js'
import type { TaskId } from '../../domain/brand.js'
import { formatDuration } from '../../domain/duration.js'
import { cleanName, grouped } from '../../domain/text.js'
import type { Report, ReportTask } from '../form.js'
import { noFilter, type Filter, type Sort, type SortKey } from './rows.js'
import { TaskDetail } from './task-detail.js'
import { stateWords } from './words.js'

interface TaskTableProps {
  readonly report: Report
  readonly shown: readonly ReportTask[]
  readonly filter: Filter
  readonly sort: Sort
  readonly chosen: TaskId | undefined
  readonly search: RefObject<HTMLInputElement | null>
  readonly onFilter: (filter: Filter) => void
  readonly onSort: (sort: Sort) => void
  readonly onChoose: (id: TaskId | undefined) => void
}

const columns: readonly (readonly [key: SortKey, title: string])[] = [
  ['id', 'Task'],
  ['state', 'State'],
  ['agent', 'Agent'],
  ['attempts', 'Attempts'],
  ['time', 'Agent time'],
  ['change', 'Change'],
  ['tokens', 'Tokens'],
  ['cost', 'Cost'],
]

/** So many rows are there at first, and as many more whenever the end comes into sight. */
const pageRows = 200

/** The tasks, filtered and sorted; a row opens its details. */
export function TaskTable(props: TaskTableProps) {
  const { report, shown, filter, sort, chosen, search, onFilter, onSort, onChoose } = props
  const [limit, end] = useGrowing(shown, chosen)
  const body = useRef<HTMLTableSectionElement>(null)
  useEffect(() => {
    if (chosen !== undefined) rowOf(body.current, chosen)?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const toggle = useCallback((id: TaskId, isOpen: boolean) => onChoose(isOpen ? undefined : id), [onChoose])
  const isFiltered = filter !== noFilter && shown.length !== report.tasks.length
  return (
    <section aria-label="Tasks" class="tasks">
      <div class="bar-above">
        <h2>Tasks</h2>
        <input
          ref={search}
          type="search"
          aria-label="Filter tasks"
          placeholder="filter: id, title, group, agent, reason"
          value={filter.text}
          onInput={({ currentTarget }) => onFilter({ ...filter, text: currentTarget.value })}
        />
        <span role="status">
          {isFiltered ? `${shown.length} of ${report.tasks.length} tasks` : `${report.tasks.length} tasks`}
        </span>
        {isFiltered && (
          <button type="button" onClick={() => onFilter(noFilter)}>
            show all
          </button>
        )}
      </div>
      <table>
        <thead>
          <tr>
            {columns.map(([key, title]) => (
              <th key={key} scope="col" aria-sort={sort.by !== key ? 'none' : sort.down ? 'descending' : 'ascending'}>
                <button type="button" onClick={() => onSort(nextSort(sort, key))}>
                  {title}
                  {sort.by === key ? (sort.down ? ' ▼' : ' ▲') : ''}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={(event) => moveFocus(event, body.current)}>
          {shown.slice(0, limit).map((task, index) => (
            <Row key={task.id} task={task} isOpen={task.id === chosen} isFirst={index === 0} onToggle={toggle} />
          ))}
        </tbody>
      </table>
      <div ref={end} class="end">
        {limit < shown.length ? `${shown.length - limit} more tasks` : shown.length === 0 ? 'no task fits' : ''}
      </div>
    </section>
  )
}

/** Up, down, and back to the order of the file. */
function nextSort({ by, down }: Sort, key: SortKey): Sort {
  if (by !== key) return { by: key, down: false }
  return down ? { by: 'file', down: false } : { by: key, down: true }
}

/** How many rows there are, and the element whose sight asks for more. On paper, and for a chosen task, all that it takes. */
function useGrowing(shown: readonly ReportTask[], chosen: TaskId | undefined) {
  const [limit, setLimit] = useState(pageRows)
  const end = useRef<HTMLDivElement>(null)
  const count = shown.length
  useEffect(() => {
    if (!end.current) return undefined
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting))
        setLimit((most) => (most < count ? most + pageRows : most))
    })
    observer.observe(end.current)
    return () => observer.disconnect()
  }, [count, limit])
  useEffect(() => {
    const all = () => setLimit(Number.POSITIVE_INFINITY)
    window.addEventListener('beforeprint', all)
    return () => window.removeEventListener('beforeprint', all)
  }, [])
  const place = chosen === undefined ? -1 : shown.findIndex(({ id }) => id === chosen)
  return [Math.max(limit, place + 1), end] as const
}

interface RowProps {
  readonly task: ReportTask
  readonly isOpen: boolean
  readonly isFirst: boolean
  readonly onToggle: (id: TaskId, isOpen: boolean) => void
}

const Row = memo(({ task, isOpen, isFirst, onToggle }: RowProps) => {
  const { id, title, state, agent = '', attempts, workMs, diff, used, reason } = task
  const tokens = tokensOf(used)
  return (
    <>
      <tr
        class="task"
        data-task={id}
        tabIndex={isFirst || isOpen ? 0 : -1}
        aria-expanded={isOpen}
        onClick={() => onToggle(id, isOpen)}
      >
        <td class="name">
          <b>{cleanName(id, 80)}</b> {title === id ? '' : title}
          {reason !== undefined && <small>{reason}</small>}
        </td>
        <td>
          <span class={`state ${state}`}>{stateWords[state]}</span>
        </td>
        <td>{agent}</td>
        <td class="number">{attempts || ''}</td>
        <td class="number">{workMs > 0 ? formatDuration(workMs) : ''}</td>
        <td class="number">{diff ? `+${diff.added} −${diff.removed}` : ''}</td>
        <td class="number">{tokens > 0 ? grouped(tokens) : ''}</td>
        <td class="number">{used.costUsd === undefined ? '' : formatUsd(used.costUsd)}</td>
      </tr>
      {isOpen && (
        <tr class="detail">
          <td colSpan={columns.length}>
            <TaskDetail task={task} />
          </td>
        </tr>
      )}
    </>
  )
})

function rowsOf(body: HTMLElement | null): readonly HTMLElement[] {
  return body ? [...body.querySelectorAll<HTMLElement>('tr.task')] : []
}

function rowOf(body: HTMLElement | null, id: TaskId): HTMLElement | undefined {
  return rowsOf(body).find((row) => row.dataset.task === id)
}

function moveFocus(event: KeyboardEvent, body: HTMLElement | null): void {
  const rows = rowsOf(body)
  const at = rows.indexOf(document.activeElement as HTMLElement)
  if (at < 0) return
  const places: Readonly<Record<string, number>> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }
  if (event.key === 'Enter' || event.key === ' ') rows[at]?.click()
  else if (event.key in places) rows[Math.max(0, places[event.key] ?? 0)]?.focus()
  else return
  event.preventDefault()
}
