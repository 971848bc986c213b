import type { RunId } from '../../domain/brand.js'
import type { AttemptId } from '../../domain/attempt/attempt.js'
import type { Failure } from '../../domain/agent/failure.js'
import { present } from '../../domain/present.js'
import { ok, type Result } from '../../domain/result.js'
import type { Repository, Target } from '../../workspace/contract.js'
import { gitFailed } from '../../workspace/git/git-failed.js'
import { readCommit } from '../../workspace/land/stack.js'
import type { KeptWorkspace, Workspaces } from '../../workspace/lease/workspaces.js'
import { attemptRef } from '../../workspace/refs/ref-name.js'
import { watchAgain } from '../../workspace/repair/catch-up.js'
import type { MarkerWatch } from '../../workspace/repair/conflict-markers.js'
import type { Workspace } from '../../workspace/workspace.js'
import { freshWorkspace } from '../../workspace/lease/fresh-workspace.js'
import type { Harvested, InterruptedPlace } from './isolation.js'
import type { PastRounds } from './leased-place.js'

export interface ReopenParts {
  readonly repository: Repository
  readonly workspaces: Workspaces
  readonly target: Target
  readonly runId: RunId
  readonly onKept: (kept: KeptWorkspace) => void
}

/** A workspace for an attempt that was interrupted with its run. */
export interface Reopened {
  readonly workspace: Workspace
  /** It is the attempt's own. */
  readonly stands: boolean
  readonly past: PastRounds
  readonly candidate?: Harvested
}

/**
 * Opens the place of an attempt that was interrupted with its run: its workspace, if that is as autopilot knows it;
 * otherwise another one, and the first stays on disk and is named.
 */
export async function reopenPlace(
  id: AttemptId,
  interrupted: InterruptedPlace,
  parts: ReopenParts,
): Promise<Result<Reopened, Failure>> {
  const { repository, workspaces, target, onKept } = parts
  const { workspace: root, base, collected: earlier } = interrupted.course
  const own = interrupted.stands ? await workspaces.adopt(root, base ?? repository.head.commit) : undefined
  if (own?.ok === false) onKept({ root, reason: own.error.message })
  const stands = own?.ok === true
  const leased = own?.ok ? own : await freshWorkspace(workspaces, target.tip, id)
  if (!leased.ok) return leased
  const workspace = leased.value
  const known = await readPast(id, interrupted, parts)
  if (!known.ok) {
    if (stands) await workspaces.keep(workspace, known.error.message)
    else workspaces.release(workspace)
    return known
  }
  const { watch, ...candidate } = known.value
  const startsFrom = stands ? (base ?? workspace.commit) : workspace.commit
  const past = { base: startsFrom, watch, resumes: interrupted.resumes, ...present({ earlier }) }
  return ok({ workspace, stands, past, ...candidate })
}

/** What had been collected, and where conflicts of earlier rounds may have left markers. */
async function readPast(
  { taskId, attempt }: AttemptId,
  { course: { merges, base }, candidate: name }: InterruptedPlace,
  { repository, runId }: ReopenParts,
): Promise<Result<{ readonly watch: MarkerWatch; readonly candidate?: Harvested }, Failure>> {
  const watch = await watchAgain(repository, merges)
  if (!watch.ok) return watch
  if (name === undefined || base === undefined) return ok({ watch: watch.value })
  const read = await readCommit(repository, name)
  if (!read.ok) return gitFailed(read.error)
  const candidate = { ...read.value, ref: attemptRef(runId, taskId, attempt), base }
  return ok({ watch: watch.value, candidate })
}
