import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import { ok, type Result } from '../../domain/result.js'
import { gitBytes, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import type { Repository } from '../contract.js'
import { isWithin, onDisk, splitNul, type GitPath } from '../git-path.js'

/** A person's work tree as autopilot's git sees it. */
export type TreePlace = GitPlace & { readonly workTree: string }

/** The user's files and index, under autopilot's own configuration: no program of theirs but content filters is started. */
export function treePlace({ trusted, root, gitDir }: Repository): TreePlace {
  return { ...trusted, workTree: root, indexFile: join(gitDir, 'index') }
}

/**
 * What is in a work tree where a move from one commit to another would put new files. git itself refuses to overwrite
 * changed and untracked files, but not ignored ones, and those may be a person's too: so this is asked first. Two
 * processes at most.
 */
export async function findInTheWay(
  place: TreePlace,
  from: CommitId,
  to: CommitId,
): Promise<Result<readonly GitPath[], GitFailure>> {
  const listed = await gitBytes(place, ['diff-tree', '-r', '-z', '--name-status', '--no-renames', from, to])
  if (!listed.ok) return listed
  const { added, deleted } = sortChanges(splitNul(listed.value))
  const goes = new Set(deleted.map(folded))
  // On a file system that doesn't distinguish `a` from `A`, a new name may be an old file's.
  const stays = (path: GitPath) => !goes.has(folded(path))
  const files = new Set<GitPath>()
  const directories: GitPath[] = []
  for (const path of withFolders(added)) {
    const kind = await kindOf(place.workTree, path)
    if (kind === 'file' && stays(path)) files.add(path)
    if (kind === 'directory' && added.has(path)) directories.push(path)
  }
  if (directories.length === 0) return ok([...files])
  // A directory gives way to a file when all that is in it goes, too.
  const others = await gitBytes(place, ['ls-files', '--others', '-z', '--', ...directories.map(asArgument)])
  if (!others.ok) return others
  return ok([...files, ...splitNul(others.value).filter((path) => isWithin(path, directories))])
}

/** `STATUS NUL PATH NUL`, over and over. Source: git-diff-tree(1), `--name-status -z`. */
function sortChanges(records: readonly string[]): { added: ReadonlySet<GitPath>; deleted: readonly GitPath[] } {
  const added = new Set<GitPath>()
  const deleted: GitPath[] = []
  for (let at = 0; at + 1 < records.length; at += 2) {
    const path = records[at + 1] ?? ''
    if (records[at] === 'A') added.add(path)
    if (records[at] === 'D') deleted.push(path)
  }
  return { added, deleted }
}

/** The paths and every folder above each, once. */
function withFolders(paths: Iterable<GitPath>): ReadonlySet<GitPath> {
  const all = new Set<GitPath>()
  for (const path of paths) {
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) all.add(path.slice(0, end))
    all.add(path)
  }
  return all
}

async function kindOf(root: string, path: GitPath): Promise<'directory' | 'file' | 'nothing'> {
  const stats = await lstat(onDisk(root, path)).catch(() => undefined)
  if (!stats) return 'nothing'
  return stats.isDirectory() ? 'directory' : 'file'
}

function folded(path: GitPath): string {
  return path.toLowerCase()
}

/** Arguments are text; the bytes of a path that is not UTF-8 cannot be one, and then git finds nothing there. */
function asArgument(path: GitPath): string {
  return Buffer.from(path, 'latin1').toString('utf8')
}
