import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { TaskId } from '../../domain/brand.js'
import { Charts } from './charts.js'
import type { Connection } from './connection.js'
import type { PageData } from './data.js'
import { DependencyGraph } from './dependency-graph.js'
import { Head } from './head.js'
import { followRun } from './live.js'
import { Overview } from './overview.js'
import { filterTasks, noFilter, sortTasks, type Filter, type Sort } from './rows.js'
import { TaskTable } from './task-table.js'
import { Timeline } from './timeline.js'

/** The whole page: what is filtered, sorted and chosen, and the sections that show it. */
export function App({ data: given }: { readonly data: PageData }) {
  const { data, connection } = useLive(given)
  const { report, graph } = data
  const [filter, setFilter] = useState<Filter>(noFilter)
  const [sort, setSort] = useState<Sort>({ by: 'file', down: false })
  const [chosen, setChosen] = useState<TaskId | undefined>(undefined)
  const search = useRef<HTMLInputElement>(null)
  const shown = useMemo(() => sortTasks(filterTasks(report.tasks, filter), sort), [report.tasks, filter, sort])
  useKeys({
    '/': () => search.current?.focus(),
    Escape: () => {
      setFilter(noFilter)
      setChosen(undefined)
    },
  })
  const choose = useCallback((id: TaskId) => {
    setFilter(noFilter)
    setChosen(id)
  }, [])
  const only = useCallback((ids: readonly TaskId[]) => setFilter({ ...noFilter, only: new Set(ids) }), [])
  return (
    <>
      <Head report={report} connection={connection} filter={filter} onFilter={setFilter} />
      <main>
        <Overview report={report} />
        <Timeline report={report} chosen={chosen} onChoose={choose} />
        <TaskTable
          {...{ report, shown, filter, sort, chosen, search }}
          onFilter={setFilter}
          onSort={setSort}
          onChoose={setChosen}
        />
        <DependencyGraph report={report} graph={graph} chosen={chosen} onChoose={choose} onChooseAll={only} />
        <Charts report={report} />
      </main>
      <footer>
        Keys: <kbd>/</kbd> filter, <kbd>↑</kbd> <kbd>↓</kbd> tasks, <kbd>Enter</kbd> details, <kbd>Esc</kbd> everything
      </footer>
    </>
  )
}

function useLive(given: PageData): { readonly data: PageData; readonly connection: Connection } {
  const [data, setData] = useState(given)
  const [connection, setConnection] = useState<Connection>(given.live ? 'following' : 'none')
  useEffect(() => (given.live ? followRun(given, setData, setConnection) : undefined), [given])
  return { data, connection }
}

/** Keys that do something wherever the focus is, but in a field only those that type nothing. */
function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const current = useRef(keys)
  current.current = keys
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLInputElement && event.key.length === 1
      const act = current.current[event.key]
      if (!act || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      act()
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [])
}
