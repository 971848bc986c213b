import { lstat } from 'node:fs/promises'
import type { Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { git } from '../../platform/git/git.js'
import { ownEntries, readAgentIndex } from '../git/agent-index.js'
import type { Repository } from '../contract.js'
import { joinNul, onDisk, type GitPath } from '../git-path.js'
import { workspacePlace, type Workspace } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

/**
 * The sparse checkout that setup made holds for the agents after it: what it left out is noted as such in the trusted
 * index, of which each agent gets a copy, and so is not deleted. Costs a process where setup's git wrote its index.
 */
export async function keepCone(repository: Repository, workspace: Workspace): Promise<Result<void, Failure>> {
  const theirs = await readAgentIndex(repository, workspace)
  if (!theirs.ok || theirs.value === 'untouched') return theirs.ok ? ok(undefined) : theirs
  const skipped = [...theirs.value].flatMap(([path, { isSkipped }]) => (isSkipped ? [path] : []))
  if (skipped.length === 0) return ok(undefined)
  const place = workspacePlace(repository, workspace)
  const ours = await ownEntries(place)
  if (!ours.ok) return gitFailed(ours.error)
  const absent: GitPath[] = []
  for (const path of skipped) {
    if (!ours.value.has(path)) continue
    if (!(await lstat(onDisk(workspace.root, path)).catch(() => undefined))) absent.push(path)
  }
  const args = ['update-index', '--skip-worktree', '-z', '--stdin']
  const noted = await git(place, args, { input: joinNul(absent) })
  return noted.ok ? ok(undefined) : gitFailed(noted.error)
}
