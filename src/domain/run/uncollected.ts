import { isTold, passOver, type RunRecord } from './event.js'

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
    if (isTold(record)) return
    switch (record.type) {
      case 'attempt_started':
        if (record.workspace !== '') begin(record.workspace, record)
        return
      case 'attempt_resumed':
        if (record.workspace !== undefined) begin(record.workspace, record)
        return
      case 'attempt_failed':
        if (!record.failure.uncollected) end(record)
        return
      case 'task_done':
        end(record)
        return
      case 'workspace_kept':
        if (!record.collectsAgain) kept.add(record.path)
        uncollected.set(record.path, record.why)
        return
      case 'run_started':
      case 'run_resumed':
      case 'run_waiting':
      case 'run_stopping':
      case 'run_canceling':
      case 'run_finished':
      case 'queue_updated':
      case 'provider_detected':
      case 'provider_stopped':
      case 'provider_cooled_down':
      case 'model_stopped':
      case 'task_queued':
      case 'task_held':
      case 'task_integrated':
      case 'task_failed':
      case 'task_canceled':
      case 'roadmap_written':
      case 'roadmap_not_written':
      case 'repair_started':
      case 'finishing_started':
      case 'candidate_created':
      case 'ignored_written':
      case 'commit_kept':
      case 'base_awaited':
      case 'agent_spawned':
      case 'command_spawned':
      case 'agent_reported':
      case 'agent_used':
      case 'agent_exited':
      case 'agent_finished':
      case 'leftovers_ended':
      case 'review_queued':
      case 'review_started':
      case 'gate_judged':
      case 'base_judged':
        return
      default:
        passOver(record)
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
