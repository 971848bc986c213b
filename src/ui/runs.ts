import type { EpochMs, RunId } from '../domain/brand.js'
import { formatUsd } from '../domain/accounts/budget.js'
import { isPersonsHold } from '../domain/roadmap/hold.js'
import type { RunState } from '../domain/run/run-state.js'
import { cleanLine } from '../domain/text.js'
import type { Line, Tone } from './describe.js'
import { formatDuration } from './format.js'
import type { Printed } from './printed.js'
import type { RunStanding } from './status.js'

/** A run of a list, or why nothing is known of it but its id. */
export type ListedRun =
  | {
      readonly state: RunState
      readonly standing: RunStanding
      readonly startedAt: EpochMs
      readonly lastAt: EpochMs
    }
  | { readonly id: RunId; readonly fault: { readonly message: string } }

/** One line for each run: its id, when it began, how long it was at work, what came of its tasks, its cost, its end. */
export function runsLines(runs: readonly ListedRun[]): readonly Line[] {
  const rows = runs.map(cellsOf)
  const widthOf = (column: number) => Math.max(...rows.map(({ cells }) => cells[column]?.length ?? 0))
  return rows.map(({ tone, cells, rest }) => {
    const columns = cells.map((cell, column) => cell.padEnd(widthOf(column)))
    return { tone, text: [...columns, rest].join('  ') }
  })
}

interface Row {
  readonly tone: Tone
  /** As many in each row; clean, and of one column a character. */
  readonly cells: readonly string[]
  readonly rest: string
}

function cellsOf(run: ListedRun): Row {
  if ('fault' in run)
    return { tone: 'bad', cells: [run.id, '', '', '', ''], rest: `cannot be read: ${cleanLine(run.fault.message)}` }
  const { state, startedAt } = run
  const { done, failed, held, selected } = countTasks(state)
  const tasks = [
    `${done} of ${selected} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(held > 0 ? [`${held} held`] : []),
  ]
  const { costUsd } = state.usage
  const began = `${new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ')}Z`
  const cost = costUsd === undefined ? '' : formatUsd(costUsd)
  return {
    ...endOf(run),
    cells: [state.start.runId, began, formatDuration(state.ms), tasks.join(', '), cost],
  }
}

function endOf({ state: { finished }, standing }: Exclude<ListedRun, { fault: unknown }>): Pick<Row, 'tone' | 'rest'> {
  switch (standing.type) {
    case 'running':
      return { tone: 'plain', rest: `running, process ${standing.pid} on ${cleanLine(standing.host)}` }
    case 'silent':
      return { tone: 'bad', rest: `no sign of life from process ${standing.pid} on ${cleanLine(standing.host)}` }
    case 'broken_off':
      return { tone: 'bad', rest: 'broken off' }
    case 'finished': {
      const { exitCode = 0, why = '' } = finished ?? {}
      return { tone: exitCode === 0 ? 'good' : 'bad', rest: `exit ${exitCode}: ${cleanLine(why)}` }
    }
  }
}

/** The same for machines. */
export function runsObjects(runs: readonly ListedRun[]): readonly Extract<Printed, { type: 'run' }>[] {
  return runs.map((run) => {
    if ('fault' in run) return { type: 'run', run: run.id, standing: 'unreadable', why: cleanLine(run.fault.message) }
    const { state, standing, startedAt, lastAt } = run
    return {
      ...{
        type: 'run',
        run: state.start.runId,
        roadmap: state.start.roadmap,
        standing: standing.type,
        startedAt,
        lastAt,
      },
      ...{ durationMs: state.ms, tasks: countTasks(state), usage: state.usage, ...state.finished },
    }
  })
}

/** Tasks that a person has put on hold were not to be done. */
export function countTasks({ tasks }: RunState) {
  const states = [...tasks.values()].map(({ state }) => state)
  const count = (type: (typeof states)[number]['type']) => states.filter((state) => state.type === type).length
  const byPerson = states.filter((state) => state.type === 'held' && isPersonsHold(state.reason)).length
  const held = count('held') - byPerson
  return { selected: states.length - byPerson, done: count('done'), failed: count('failed'), held }
}
