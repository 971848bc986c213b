import { plural } from '../domain/text.js'
import type { Report, ReportTask } from './form.js'

/** What became of a run, in a few words. */
export interface Headline {
  readonly done: number
  /** Without those that a person has put on hold. */
  readonly selected: number
  readonly text: string
  readonly isGood: boolean
}

type Told = Pick<Report, 'tasks' | 'standing' | 'exitCode' | 'why'>

export function headlineOf({ tasks, standing, exitCode, why }: Told): Headline {
  const done = tasks.filter(({ state }) => state === 'done').length
  const selected = tasks.filter(({ held }) => held !== 'person').length
  const text = selected === 0 ? 'nothing to do' : `${done} of ${plural(selected, 'task')} done`
  const besides = { running: ', still at work', silent: ', no sign of life', broken_off: ', broken off', finished: '' }
  const because = standing === 'finished' && exitCode !== 0 && why !== undefined ? ` (${why})` : ''
  return {
    done,
    selected,
    text: `${text}${besides[standing]}${because}`,
    isGood: standing === 'finished' && exitCode === 0,
  }
}

/** Those of one state, in file order. */
export function inState(
  tasks: readonly ReportTask[],
  ...states: readonly ReportTask['state'][]
): readonly ReportTask[] {
  return tasks.filter(({ state }) => states.includes(state))
}
