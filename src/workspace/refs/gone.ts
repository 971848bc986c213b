import type { CommitId, RefName } from '../../domain/brand.js'
import { ok, type Result } from '../../domain/result.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'

/** Whether history is cut off in a clone: then a commit may be there that git does not know. */
export async function isShallow(place: GitPlace): Promise<boolean> {
  const said = await git(place, ['rev-parse', '--is-shallow-repository'])
  return !said.ok || said.value !== 'false'
}

/** Of these commits, those that none of the tips contains, also where the repository has them not at all. */
export async function outsideOf(
  place: GitPlace,
  commits: readonly CommitId[],
  tips: readonly (CommitId | RefName)[],
): Promise<Result<ReadonlySet<string>, GitFailure>> {
  if (commits.length === 0) return ok(new Set())
  const checked = await git(place, ['cat-file', '--batch-check=%(objectname)'], { input: `${commits.join('\n')}\n` })
  if (!checked.ok) return checked
  const there = new Set(checked.value.split('\n'))
  const input = [...commits.filter((one) => there.has(one)), ...tips.map((tip) => `^${tip}`), ''].join('\n')
  const listing = await git(place, ['rev-list', '--stdin'], { input })
  if (!listing.ok) return listing
  const outside = new Set(listing.value.split('\n'))
  return ok(new Set(commits.filter((one) => !there.has(one) || outside.has(one))))
}
