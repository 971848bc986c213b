import type { Failure } from '../../domain/agent/failure.js'
import { present } from '../../domain/present.js'
import { ok, type Result } from '../../domain/result.js'
import { watchAgain } from '../../workspace/repair/catch-up.js'
import type { MarkerWatch } from '../../workspace/repair/conflict-markers.js'
import type { Repository, Target } from '../../workspace/contract.js'
import { readCommit } from '../../workspace/land/stack.js'
import { attemptRef } from '../../workspace/refs/ref-name.js'
import type { Workspace } from '../../workspace/workspace.js'
import type { KeptWorkspace, Workspaces } from '../../workspace/lease/workspaces.js'
import type { Harvested, OpenedPlace, OpenPlace, PlaceBefore } from './isolation.js'
import type { LeasedBefore } from './leased-place.js'
import { gitFailed } from '../../workspace/git/git-failed.js'
import type { AttemptOf } from '../attempt-of.js'

export interface ReopenParts {
  readonly repository: Repository
  readonly workspaces: Workspaces
  readonly target: Target
  readonly runId: string
  readonly placeOf: (workspace: Workspace, of: AttemptOf, before: LeasedBefore) => OpenPlace
  readonly onKept: (kept: KeptWorkspace) => void
}

/**
 * Opens the place of an attempt that was interrupted with its run: the workspace that it had, where that is as autopilot
 * knows it; else another one, and the first stays on disk and is named.
 */
export async function reopenPlace(
  of: AttemptOf,
  before: PlaceBefore,
  parts: ReopenParts,
): Promise<Result<OpenedPlace, Failure>> {
  const { workspaces } = parts
  const { course, resumes } = before
  const again = await workspaceAgain(of, before, parts)
  if (!again.ok) return again
  const { workspace, stands } = again.value
  const known = await readPast(of, before, parts)
  if (!known.ok) {
    if (stands) await workspaces.keep(workspace, known.error.message)
    else workspaces.release(workspace)
    return known
  }
  const { watch, candidate } = known.value
  const base = stands ? (course.base ?? workspace.commit) : workspace.commit
  const open = parts.placeOf(workspace, of, { base, watch, resumes, ...present({ earlier: course.collected }) })
  return ok({ open, stands, ...present({ candidate }) })
}

async function workspaceAgain(
  { task, attempt }: AttemptOf,
  { course, stands }: PlaceBefore,
  { repository, workspaces, target, onKept }: ReopenParts,
): Promise<Result<{ readonly workspace: Workspace; readonly stands: boolean }, Failure>> {
  const own = stands ? await workspaces.adopt(course.workspace, course.base ?? repository.head.commit) : undefined
  if (own?.ok) return ok({ workspace: own.value, stands: true })
  if (own) onKept({ root: course.workspace, reason: own.error.message })
  const made = await workspaces.prepare(target.tip)
  if (!made.ok) return made
  const leased = await workspaces.lease(made.value, { taskId: task.id, attempt })
  if (leased.ok) return ok({ workspace: made.value, stands: false })
  workspaces.release(made.value)
  return leased
}

/** What had been collected, and where conflicts of earlier rounds may have left markers. */
async function readPast(
  { task, attempt }: AttemptOf,
  { course: { merges, base }, candidate: name }: PlaceBefore,
  { repository, runId }: ReopenParts,
): Promise<Result<{ readonly watch: MarkerWatch; readonly candidate?: Harvested }, Failure>> {
  const watch = await watchAgain(repository, merges)
  if (!watch.ok) return watch
  if (name === undefined || base === undefined) return ok({ watch: watch.value })
  const read = await readCommit(repository, name)
  if (!read.ok) return gitFailed(read.error)
  const ref = attemptRef(runId, task.id, attempt)
  const nothing = { leftOut: [], offLimits: [], watched: [], kept: [] }
  const candidate: Harvested = { type: 'candidate', ...read.value, ref, base, ...nothing }
  return ok({ watch: watch.value, candidate })
}
