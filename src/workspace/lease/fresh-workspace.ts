import type { CommitId } from '../../domain/brand.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { Result } from '../../domain/result.js'
import type { Lessee } from './lessee.js'
import type { Preparation, Workspaces } from './workspaces.js'
import type { Workspace } from '../workspace.js'

/** A workspace at the commit, prepared now and leased. */
export async function freshWorkspace(
  workspaces: Workspaces,
  commit: CommitId,
  lessee: Lessee,
  how?: Preparation,
): Promise<Result<Workspace, Failure>> {
  const prepared = await workspaces.prepare(commit, how)
  return prepared.ok ? leasedTo(lessee, prepared.value, workspaces) : prepared
}

/** A prepared workspace that is leased, or given back. */
export async function leasedTo(
  lessee: Lessee,
  workspace: Workspace,
  workspaces: Workspaces,
): Promise<Result<Workspace, Failure>> {
  const leased = await workspaces.lease(workspace, lessee)
  if (!leased.ok) workspaces.release(workspace)
  return leased.ok ? { ok: true, value: workspace } : leased
}
