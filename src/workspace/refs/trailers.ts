import type { CommitId } from '../../domain/brand.js'
import type { LandedCommit } from '../../domain/roadmap/landed.js'
import { ok, type Result } from '../../domain/result.js'
import { isOwnText } from '../../domain/roadmap/task-text.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import type { RepositoryRefusal } from '../contract.js'
import { refuseGit } from '../git/refusal.js'

/** Which commits: those that one of `to` contains and `from` does not; without `from`, all that they contain. */
export interface CommitRange {
  readonly from?: CommitId
  readonly to: readonly CommitId[]
}

/** A trailer that names something, and one that says of which text that was. */
export interface TrailerKeys {
  readonly key: string
  readonly textKey: string
}

/** More commits than a roadmap may have tasks are not looked at. */
const maxCommits = 20_000

/**
 * The commits of a range by the values of a trailer, the last first, each with the text that its other trailer tells. One
 * process, none when there are no commits. Of a commit that names several and does not tell the text of each, none is
 * known.
 */
export async function readTrailers<Value extends string>(
  place: GitPlace,
  { key, textKey }: TrailerKeys,
  { from, to }: CommitRange,
): Promise<Result<ReadonlyMap<Value, readonly LandedCommit[]>, RepositoryRefusal>> {
  const found = new Map<Value, LandedCommit[]>()
  if (to.every((tip) => tip === from)) return ok(found)
  const values = [key, textKey].map((one) => `%(trailers:key=${one},valueonly,unfold,separator=%x00)`)
  const format = `--format=%H%x01${values.join('%x01')}`
  const range = [...to, ...(from === undefined ? [] : ['--not', from])]
  const listing = await git(place, ['log', `--max-count=${maxCommits}`, format, ...range, '--'])
  if (!listing.ok) return refuseGit(listing.error)
  for (const line of listing.value.split('\n')) {
    const [id = '', named = '', told = ''] = line.split('\x01')
    const commit = id as CommitId
    const [names, texts] = [valuesOf(named) as readonly Value[], valuesOf(told)]
    for (const [index, name] of names.entries()) {
      const text = texts.length === names.length ? texts[index] : undefined
      const one = text !== undefined && isOwnText(text) ? { commit, text } : { commit }
      found.set(name, [...(found.get(name) ?? []), one])
    }
  }
  return ok(found)
}

function valuesOf(joined: string): readonly string[] {
  return joined.split('\0').filter((value) => value !== '')
}

/** The last commit, seen from another one, that changed a path; that one itself when none did or the path is not known. */
export async function lastChange(
  place: GitPlace,
  from: CommitId,
  path: string | undefined,
): Promise<Result<CommitId, RepositoryRefusal>> {
  if (path === undefined) return ok(from)
  const found = await git<CommitId | ''>(place, ['log', '--max-count=1', '--format=%H', from, '--', path])
  if (!found.ok) return refuseGit(found.error)
  return ok(found.value === '' ? from : found.value)
}
