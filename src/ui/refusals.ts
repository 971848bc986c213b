import { allowEntries, nameRefusals, openRefusals, type Refusal } from '../domain/agent/refusal.js'
import type { RunState, TaskRecord } from '../domain/run/run-state.js'
import type { Failure } from '../domain/agent/failure.js'
import { showId } from './format.js'

/** Behind a task's line; empty when nothing was refused, or something was made of it since. */
export function refusedBehind(task: Pick<TaskRecord, 'refusals'> | undefined, failed?: Failure): string {
  const refusals = openRefusals(task?.refusals)
  // These say it themselves.
  const isTold = failed?.kind === 'refused' || failed?.kind === 'no_change'
  return refusals.length === 0 || isTold ? '' : `; refused: ${nameRefusals(refusals)}`
}

/** What to write into the configuration, ready to be copied; undefined where no entry would help. */
export function allowHint(refusals: readonly Refusal[], most = 5): string | undefined {
  const entries = allowEntries(refusals)
  if (entries.length === 0) return undefined
  const shown = entries.slice(0, most).map((entry) => `'${entry.replaceAll("'", "''")}'`)
  const rest = entries.length - shown.length
  return `allow: [${shown.join(', ')}]${rest > 0 ? ` and ${rest} more` : ''}`
}

/** A screenful of tasks is named. */
const maxTasks = 20

/** Tasks of this run that are done although their agents were refused tools: what was to be done may be missing. */
export function doneWithRefusals({ tasks }: RunState): string | undefined {
  const done = [...tasks.values()].filter(({ state }) => state.type === 'done' && state.how !== 'before')
  const refused = done.filter(({ refusals }) => openRefusals(refusals).length > 0)
  if (refused.length === 0) return undefined
  const named = refused.slice(0, maxTasks).map(({ id, refusals }) => {
    return `${showId(id)}: ${nameRefusals(openRefusals(refusals))}`
  })
  const rest = refused.length - named.length
  const more = rest > 0 ? `; and ${rest} more` : ''
  return `${refused.length} of ${done.length} done with refused tools: ${named.join('; ')}${more}`
}

/** What would have permitted all that was refused in tasks which are done or have failed. */
export function allowHintOfRun({ tasks }: RunState): string | undefined {
  const settled = [...tasks.values()].filter(({ state }) => state.type === 'done' || state.type === 'failed')
  return allowHint(
    settled.flatMap(({ refusals }) => openRefusals(refusals)),
    20,
  )
}
