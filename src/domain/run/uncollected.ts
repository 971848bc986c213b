import type { RunRecord } from './event.js'

/** Workspaces of a run that may hold work which was never collected. */
export interface WorkspaceTrail {
  /** By path, with the reason. */
  readonly uncollected: ReadonlyMap<string, string>
  /** Whether the work in a workspace that was not collected is this attempt's. */
  readonly isOf: (path: string, of: AttemptKey) => boolean
  readonly take: (record: RunRecord) => void
}

/**
 * Follows a run's records: a workspace holds an attempt's work from its start until the attempt has come to its end,
 * which is told after collecting; one that could not be collected is kept for good.
 */
export function followWorkspaces(): WorkspaceTrail {
  const uncollected = new Map<string, string>()
  const lessees = new Map<string, string>()
  const kept = new Set<string>()
  const begin = (path: string, of: AttemptKey) => {
    lessees.set(path, keyOf(of))
    uncollected.set(path, `${of.taskId} attempt ${of.attempt} was not collected`)
  }
  const end = (of: AttemptKey) => {
    // One that has been handed on while the attempt waited to land holds another attempt's work now.
    for (const [path, lessee] of lessees) if (lessee === keyOf(of) && !kept.has(path)) uncollected.delete(path)
  }
  const take = (record: RunRecord) => {
    if (record.type === 'attempt_started' && record.workspace !== '') begin(record.workspace, record)
    if (record.type === 'attempt_resumed' && record.workspace !== undefined) begin(record.workspace, record)
    if ((record.type === 'attempt_failed' && !record.failure.uncollected) || record.type === 'task_done') end(record)
    if (record.type === 'workspace_kept') {
      if (!record.collectsAgain) kept.add(record.path)
      uncollected.set(record.path, record.why)
    }
  }
  const isOf = (path: string, of: AttemptKey) =>
    uncollected.has(path) && lessees.get(path) === keyOf(of) && !kept.has(path)
  return { uncollected, isOf, take }
}

interface AttemptKey {
  readonly taskId: string
  readonly attempt: number
}

function keyOf({ taskId, attempt }: AttemptKey): string {
  return JSON.stringify([taskId, attempt])
}
