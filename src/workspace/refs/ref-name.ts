import type { CommitId, RefName, RunId, TaskId } from '../../domain/brand.js'
import { safeName } from '../../domain/name.js'
import { git } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'

/** The ref that keeps what an attempt brought, integrated or not. */
export function attemptRef(runId: RunId, taskId: TaskId, attempt: number): RefName {
  return namedAttemptRef(runId, safeName(taskId), attempt)
}

/** The same, by the name that refs have for the task. */
export function namedAttemptRef(runId: RunId, name: string, attempt: number): RefName {
  return `refs/autopilot/${runId}/${name}/${attempt}`
}

/** The ref that pins the commit a run began from; no task's refs can collide with it, as their names end in a hash. */
export function baseRef(runId: RunId): RefName {
  return `refs/autopilot/${runId}/base`
}

/**
 * The line for `update-ref` that pins the commit where a run begins. A resumed run began earlier: if its pin still
 * exists, there is no line.
 */
export async function pinLines(
  repository: Pick<Repository, 'user'>,
  {
    runId,
    commit,
    isResumed = false,
  }: { readonly runId: RunId; readonly commit: CommitId; readonly isResumed?: boolean },
): Promise<readonly string[]> {
  const ref = baseRef(runId)
  return isResumed && (await readRef(repository, ref)) !== undefined ? [] : [`update ${ref} ${commit}`]
}

/** "There must be no such ref yet", in the words of `update-ref`. */
export function noCommit({ objectFormat }: Pick<Repository, 'objectFormat'>): string {
  return '0'.repeat(objectFormat === 'sha256' ? 64 : 40)
}

/** The commit of a ref in the user's repository, if it exists. */
export async function readRef({ user }: Pick<Repository, 'user'>, ref: RefName): Promise<CommitId | undefined> {
  const found = await git<CommitId>(user, ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`])
  return found.ok ? found.value : undefined
}

/** How to name a branch to git: by its full name where a tag has the short one, too, which git would take first. */
export async function unambiguousName({ user }: Pick<Repository, 'user'>, branch: string): Promise<string> {
  const ref: RefName = `refs/heads/${branch}`
  const shortest = await git(user, ['for-each-ref', '--format=%(refname:short)', ref])
  return shortest.ok && shortest.value === branch ? branch : ref
}
