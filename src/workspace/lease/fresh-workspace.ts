import type { CommitId } from '../../domain/brand.js'
import type { AttemptId } from '../../domain/attempt/attempt.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { Result } from '../../domain/result.js'
import type { Preparation, Workspaces } from './workspaces.js'
import type { Workspace } from '../workspace.js'

/** A workspace at the commit, prepared now, that is leased to the attempt. */
export async function freshWorkspace(
  workspaces: Workspaces,
  commit: CommitId,
  attempt: AttemptId,
  how?: Preparation,
): Promise<Result<Workspace, Failure>> {
  const prepared = await workspaces.prepare(commit, how)
  return prepared.ok ? leasedTo(attempt, prepared.value, workspaces) : prepared
}

/** A prepared workspace that is leased to the attempt, or given back. */
export async function leasedTo(
  attempt: AttemptId,
  workspace: Workspace,
  workspaces: Workspaces,
): Promise<Result<Workspace, Failure>> {
  const leased = await workspaces.lease(workspace, attempt)
  if (!leased.ok) workspaces.release(workspace)
  return leased.ok ? { ok: true, value: workspace } : leased
}
