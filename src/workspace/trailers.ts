import { ok, type Result } from '../domain/result.js'
import { git } from '../platform/git.js'
import type { Refusal, Repository } from './contract.js'
import { refuseGit } from './refusal.js'

/** Which commits, and which trailer of theirs. */
export interface TrailerQuery {
  /** The trailer's key, such as `Reviewed-by`. */
  readonly key: string
  /** Commits that this one contains are left out. */
  readonly from: string
  readonly to: string
}

/** More commits than a roadmap may have tasks are not looked at. */
const mostCommits = 20_000

/** The values of a trailer in the commits that `to` contains and `from` does not; one process, none when they are one. */
export async function readTrailers(
  { trusted }: Repository,
  { key, from, to }: TrailerQuery,
): Promise<Result<ReadonlySet<string>, Refusal>> {
  if (from === to) return ok(new Set())
  const format = `--format=%(trailers:key=${key},valueonly,unfold,separator=%x00)`
  const listing = await git(trusted, ['log', `--max-count=${mostCommits}`, format, `${from}..${to}`, '--'])
  if (!listing.ok) return refuseGit(listing.error)
  return ok(new Set(listing.value.split(/[\0\n]/).filter((value) => value !== '')))
}

/** The last commit, seen from another one, that changed a path; that one itself when none did or the path is not known. */
export async function lastChange(
  { trusted }: Repository,
  from: string,
  path: string | undefined,
): Promise<Result<string, Refusal>> {
  if (path === undefined) return ok(from)
  const found = await git(trusted, ['log', '--max-count=1', '--format=%H', from, '--', path])
  if (!found.ok) return refuseGit(found.error)
  return ok(found.value === '' ? from : found.value)
}
