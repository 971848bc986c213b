import type { CommitId } from '../../domain/brand.js'
import { git, type GitPlace } from '../../platform/git/git.js'

/** A commit, and what its work is compared with; without that, its parent. */
export interface Compared {
  readonly commit: CommitId
  readonly base?: CommitId
}

/** How much a commit changes. */
export interface Changed {
  readonly files: number
  readonly added: number
  readonly removed: number
}

/** Whoever wants to know about more waits too long for it. */
const maxCommits = 5000
const maxMs = 20_000

/**
 * How much commits change, as far as git can tell: some of them may be gone. What git can't count, such as lines of a
 * binary file, counts 0.
 */
export async function changedBy(user: GitPlace, commits: readonly Compared[]): Promise<ReadonlyMap<CommitId, Changed>> {
  const changes = new Map<CommitId, { files: number; added: number; removed: number }>()
  if (commits.length === 0) return changes
  const input = commits
    .slice(-maxCommits)
    .map(({ commit, base }) => `${commit}${base === undefined ? '' : ` ${base}`}\n`)
    .join('')
  const args = ['diff-tree', '--stdin', '-r', '--root', '--numstat', '--no-renames', '--no-ext-diff', '--no-textconv']
  const listing = await git(user, args, { input, signal: AbortSignal.timeout(maxMs) })
  if (!listing.ok) return changes
  let current = { files: 0, added: 0, removed: 0 }
  for (const line of listing.value.split('\n')) {
    const [, added, removed] = /^(\d+|-)\t(\d+|-)\t/.exec(line) ?? []
    if (added === undefined || removed === undefined) {
      current = { files: 0, added: 0, removed: 0 }
      changes.set(line.split(' ')[0] as CommitId, current)
      continue
    }
    current.files++
    current.added += Number(added) || 0
    current.removed += Number(removed) || 0
  }
  return changes
}
