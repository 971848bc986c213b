import type { RunRecord } from './event.js'
import type { RunState } from './run-state.js'

/** What a person may want to be told of while nobody watches a run. */
export const occasions = ['finished', 'failure', 'limited', 'budget'] as const
export type Occasion = (typeof occasions)[number]

/**
 * Which occasion a record is: the end of the run; the first task that failed for good; the moment from which all providers
 * are limited; a budget of the run that is used up. `state` has taken the record in.
 */
export function occasionOf(record: RunRecord, state: RunState): Occasion | undefined {
  if (record.type === 'run_finished') return 'finished'
  if (record.type === 'run_waiting') return 'limited'
  if (record.type === 'task_failed') return countFailed(state) === 1 ? 'failure' : undefined
  if (record.type !== 'run_stopping') return undefined
  return record.reason === 'budget' ? 'budget' : record.reason === 'limit' ? 'limited' : undefined
}

function countFailed({ tasks }: RunState): number {
  return [...tasks.values()].filter(({ state }) => state.type === 'failed').length
}
