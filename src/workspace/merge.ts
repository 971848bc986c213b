import { failure, type Failure } from '../domain/failure.js'
import { err, ok, type Result } from '../domain/result.js'
import { formatGitFailure, git, type GitFailure } from '../platform/git.js'
import type { Repository } from './contract.js'
import { pathText, type GitPath } from './git-path.js'

/** git could not combine two commits. */
export interface Conflict {
  /** Clean for display, at most {@link maxPaths} of them. */
  readonly paths: readonly string[]
  /** All that the conflict touched. */
  readonly touched: readonly GitPath[]
  /** What git made of it all the same: with markers in the files that it could not combine. */
  readonly tree: string
}

const maxPaths = 100

/** A full object id, of either format. */
const objectId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * Combines two commits without a work tree and gives the merged tree. Runs in the trusted directory: attributes and
 * merge drivers of the user's repository do not count there.
 *
 * Source: git-merge-tree(1): status 0 or 1 and the tree's id first, then with `-z --name-only` the conflicting paths,
 * each ended by NUL. A missing object also ends with status 1, without an id: that is no conflict.
 */
export async function mergeTrees(
  { trusted }: Repository,
  ours: string,
  theirs: string,
): Promise<Result<{ tree: string } | { conflict: Conflict }, GitFailure>> {
  const merged = await git(trusted, ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', ours, theirs])
  const output = merged.ok ? merged.value : merged.error.stdout.toString('latin1')
  const [tree, ...rest] = output.split('\0')
  const known = tree !== undefined && objectId.test(tree)
  if (merged.ok) return known ? ok({ tree }) : unreadable(merged.value)
  if (!known || merged.error.exit.type !== 'code' || merged.error.exit.code !== 1) return merged
  const touched = [...new Set(rest.filter((path) => path !== ''))]
  return ok({ conflict: { tree, touched, paths: touched.slice(0, maxPaths).map(pathText) } })
}

function unreadable(stdout: string) {
  const stderr = 'fatal: the answer has no tree'
  return err<GitFailure>({ args: ['merge-tree'], exit: { type: 'code', code: 0 }, stderr, stdout: Buffer.from(stdout) })
}

/** A step of autopilot's own git that failed, as the attempt's failure: not the agent's fault. */
export function gitFailed(failed: GitFailure): { readonly ok: false; readonly error: Failure } {
  return err(failure('infrastructure', formatGitFailure(failed)))
}
