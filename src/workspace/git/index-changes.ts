import type { CommitId } from '../../domain/brand.js'
import { ok, type Result } from '../../domain/result.js'
import { git, gitBytes, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import { splitNul, type GitPath } from '../git-path.js'

/** One path in which an index differs from a commit. Modes are octal text; `000000` and a null id if it is absent. */
export interface Change {
  readonly path: GitPath
  readonly oldMode: string
  readonly newMode: string
  readonly oldOid: string
  readonly newOid: string
}

/** The mode of a path that is not there. */
export const absentMode = '000000'

/** The mode of a submodule's entry. Source: git's `gitformat-index`. */
export const gitlinkMode = '160000'

/** Makes git tell each path in which two sides differ, one by one; see {@link parseRaw}. */
export const rawDiff = ['--raw', '-z', '--no-abbrev', '--no-renames', '--ignore-submodules=none'] as const

/** How the index differs from a commit. */
export async function diffIndex(place: GitPlace, commit: CommitId): Promise<Result<Change[], GitFailure>> {
  const diff = await gitBytes(place, ['diff-index', '--cached', ...rawDiff, commit])
  return diff.ok ? ok(parseRaw(splitNul(diff.value))) : diff
}

/** Source of the form: git-diff-index(1), "Raw output format"; without the null bytes between the fields. */
export function parseRaw(records: readonly string[]): Change[] {
  const changes: Change[] = []
  for (let index = 0; index + 1 < records.length; index += 2) {
    const [oldMode = '', newMode = '', oldOid = '', newOid = ''] = (records[index] ?? '').slice(1).split(' ')
    changes.push({ path: records[index + 1] ?? '', oldMode, newMode, oldOid, newOid })
  }
  return changes
}

/** Puts the entries of these paths back to what the commit has; the work tree stays as it is. */
export async function resetEntries(place: GitPlace, changes: readonly Change[]): Promise<Result<void, GitFailure>> {
  if (changes.length === 0) return ok(undefined)
  // Removals first: a path that was a file and became a directory must make room.
  const ordered = [...changes].sort((a, b) => Number(b.oldMode === absentMode) - Number(a.oldMode === absentMode))
  return writeEntries(
    place,
    ordered.map(({ oldMode, oldOid, path }) =>
      oldMode === absentMode ? `0 ${oldOid}\t${path}\0` : `${oldMode} ${oldOid} 0\t${path}\0`,
    ),
  )
}

/** Sets entries of an index; the work tree stays as it is. */
export async function setEntries(
  place: GitPlace,
  entries: Iterable<readonly [GitPath, { readonly mode: string; readonly oid: string }]>,
): Promise<Result<void, GitFailure>> {
  return writeEntries(
    place,
    [...entries].map(([path, { mode, oid }]) => `${mode} ${oid} 0\t${path}\0`),
  )
}

/** Lines as git-update-index(1) has them under `--index-info`. */
async function writeEntries(place: GitPlace, lines: readonly string[]): Promise<Result<void, GitFailure>> {
  if (lines.length === 0) return ok(undefined)
  const input = Buffer.from(lines.join(''), 'latin1')
  const set = await git(place, ['update-index', '-z', '--index-info'], { input })
  return set.ok ? ok(undefined) : set
}
