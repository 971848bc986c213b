import { tokensOf } from '../../domain/agent/agent-event.js'
import { reportStates, type ReportState, type ReportTask } from '../form.js'

/** Which tasks are shown. */
export interface Filter {
  /** Words, all of which must be in what a row says. */
  readonly text: string
  /** Empty: all states. */
  readonly states: ReadonlySet<ReportState>
  /** Only these, if there are any: what a folded node of the graph stands for. */
  readonly only?: ReadonlySet<string>
}

export const noFilter: Filter = { text: '', states: new Set() }

export function filterTasks(tasks: readonly ReportTask[], { text, states, only }: Filter): readonly ReportTask[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return tasks.filter((task) => {
    if (states.size > 0 && !states.has(task.state)) return false
    if (only && !only.has(task.id)) return false
    if (words.length === 0) return true
    const said = saidOf(task)
    return words.every((word) => said.includes(word))
  })
}

function saidOf({ id, title, groups = [], agent, reason, kind, state }: ReportTask): string {
  return [id, title, ...groups, agent, reason, kind, state].join('\n').toLowerCase()
}

/** By what tasks can be sorted; `file` is their order in the roadmap. */
export const sortKeys = ['file', 'id', 'state', 'agent', 'attempts', 'time', 'change', 'tokens', 'cost'] as const
export type SortKey = (typeof sortKeys)[number]

export interface Sort {
  readonly by: SortKey
  readonly down: boolean
}

/** The same order where two are alike, up and down. Those of which nothing is known come last. */
export function sortTasks(tasks: readonly ReportTask[], { by, down }: Sort): readonly ReportTask[] {
  if (by === 'file') return down ? [...tasks].reverse() : tasks
  const valued = tasks.map((task, index) => ({ task, index, value: valueOf[by](task) }))
  valued.sort((a, b) => {
    if (a.value === undefined || b.value === undefined)
      return Number(a.value === undefined) - Number(b.value === undefined) || a.index - b.index
    const order = a.value < b.value ? -1 : a.value > b.value ? 1 : 0
    return (down ? -order : order) || a.index - b.index
  })
  return valued.map(({ task }) => task)
}

const valueOf: Readonly<Record<Exclude<SortKey, 'file'>, (task: ReportTask) => string | number | undefined>> = {
  id: ({ id }) => id,
  state: ({ state }) => reportStates.indexOf(state),
  agent: ({ agent }) => agent,
  attempts: ({ attempts }) => attempts,
  time: ({ workMs }) => (workMs > 0 ? workMs : undefined),
  change: ({ diff }) => diff && diff.added + diff.removed,
  tokens: ({ used }) => tokensOf(used) || undefined,
  cost: ({ used }) => used.costUsd,
}
