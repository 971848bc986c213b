import { safeName } from '../domain/name.js'
import { ok, type Result } from '../domain/result.js'
import type { Failure } from '../domain/failure.js'
import { git } from '../platform/git.js'
import type { Repository } from './contract.js'
import { gitFailed } from './merge.js'
import { identityEnv } from './user-config.js'

/** The ref that keeps what an attempt brought, integrated or not. */
export function attemptRef(runId: string, taskId: string, attempt: number): string {
  return `refs/autopilot/${runId}/${safeName(taskId)}/${attempt}`
}

/** The ref that pins the commit a run began from; no task's refs can collide with it, as their names end in a hash. */
export function baseRef(runId: string): string {
  return `refs/autopilot/${runId}/base`
}

/** "There must be no such ref yet", in the words of `update-ref`. */
export function noCommit({ objectFormat }: Pick<Repository, 'objectFormat'>): string {
  return '0'.repeat(objectFormat === 'sha256' ? 64 : 40)
}

/**
 * Puts a commit on a ref of the user's repository, so that nothing collects it as garbage. The ref must be new, or
 * stand at `previous`; one that stands at the commit already is fine.
 */
export async function keepRef(
  repository: Repository,
  ref: string,
  commit: string,
  previous: string = noCommit(repository),
): Promise<Result<void, Failure>> {
  const env = identityEnv(repository.identity)
  const kept = await git(repository.user, ['update-ref', '-m', 'autopilot: keep', ref, commit, previous], { env })
  if (kept.ok) return ok(undefined)
  return (await readRef(repository, ref)) === commit ? ok(undefined) : gitFailed(kept.error)
}

/** The commit a ref of the user's repository stands at, if it exists. */
export async function readRef({ user }: Repository, ref: string): Promise<string | undefined> {
  const found = await git(user, ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`])
  return found.ok ? found.value : undefined
}
