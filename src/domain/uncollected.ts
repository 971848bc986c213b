import type { RunRecord } from './event.js'

/** Workspaces by path that may hold work which was never collected, and why. */
export type Uncollected = Map<string, string>

/**
 * Follows a run's records: a workspace holds an attempt's work from its start until the attempt has come to its end,
 * which is told after collecting; one that could not be collected is kept for good.
 */
export function followWorkspaces(): { readonly uncollected: Uncollected; readonly take: (record: RunRecord) => void } {
  const open = new Map<string, string>()
  const uncollected: Uncollected = new Map()
  const kept = new Set<string>()
  const begin = (path: string, of: AttemptKey) => {
    open.set(keyOf(of), path)
    uncollected.set(path, `${of.taskId} attempt ${of.attempt} was not collected`)
  }
  const end = (of: AttemptKey) => {
    const path = open.get(keyOf(of))
    open.delete(keyOf(of))
    if (path !== undefined && !kept.has(path)) uncollected.delete(path)
  }
  const take = (record: RunRecord) => {
    if (record.type === 'attempt_started' && record.workspace !== '') begin(record.workspace, record)
    if (record.type === 'attempt_failed' || record.type === 'task_done') end(record)
    if (record.type === 'workspace_kept') {
      kept.add(record.path)
      uncollected.set(record.path, record.why)
    }
  }
  return { uncollected, take }
}

interface AttemptKey {
  readonly taskId: string
  readonly attempt: number
}

function keyOf({ taskId, attempt }: AttemptKey): string {
  return JSON.stringify([taskId, attempt])
}
