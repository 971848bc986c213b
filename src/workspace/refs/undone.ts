import type { CommitId, RefName } from '../../domain/brand.js'
import { ok, type Result } from '../../domain/result.js'
import { undoneIn, type HistoryCommit } from '../../domain/roadmap/undone.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'

/** Older reverts than among so many commits are not looked for. */
const maxCommits = 20_000

/** The commits that later ones in the history of these say they revert. Messages hold no NUL, so it parts the fields. */
export async function readUndone(
  place: GitPlace,
  tips: readonly (CommitId | RefName)[],
): Promise<Result<ReadonlySet<CommitId>, GitFailure>> {
  const format = '--format=%H%x00%P%x00%s%x00%b%x00'
  const listing = await git(place, ['log', '--topo-order', `--max-count=${maxCommits}`, format, ...tips, '--'])
  if (!listing.ok) return listing
  const fields = listing.value.split('\0')
  const commits: HistoryCommit[] = []
  for (let index = 0; index + 3 < fields.length; index += 4) {
    const [commit = '', parents = '', subject = '', body = ''] = fields.slice(index, index + 4)
    commits.push({
      ...{ commit: commit.trim() as CommitId, parents: parents.split(' ').filter(Boolean) as CommitId[] },
      ...{ subject, body },
    })
  }
  return ok(undoneIn(commits))
}

/** What is left of commits, by whatever they are known, when those that were undone do not count. */
export function withoutUndone<Name, Commit extends { readonly commit: CommitId }>(
  known: ReadonlyMap<Name, readonly Commit[]>,
  undone: ReadonlySet<string>,
): ReadonlyMap<Name, readonly Commit[]> {
  const left = [...known].map(([name, commits]) => [name, commits.filter(({ commit }) => !undone.has(commit))] as const)
  return new Map(left.filter(([, commits]) => commits.length > 0))
}
