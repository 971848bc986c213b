import { lstat, readdir } from 'node:fs/promises'
import { type Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { git, gitBytes } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import { isWithin, onDisk, splitNul, type GitPath } from '../git-path.js'
import { isRealDirectory, submodulePlace, type Populated, type SubmoduleNotes } from './submodule-notes.js'
import type { Workspace } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

/**
 * How the files of a submodule differ from its commit, as paths from the root; what setup left there, and what the
 * configuration copies or keeps there, is nobody's work. Writes no object.
 */
export async function changedInside(
  repository: Repository,
  workspace: Workspace,
  submodule: Populated,
  { leavings }: Pick<SubmoduleNotes, 'leavings'>,
): Promise<Result<readonly GitPath[], Failure>> {
  const directory = onDisk(workspace.root, submodule.path)
  // One that is gone is a change of the repository around it; one without files has none that could be changed.
  const isThere = await isRealDirectory(workspace.root, submodule.path)
  if (!isThere || (await readdir(directory)).every((name) => name === '.git')) return ok([])
  const place = submodulePlace(repository, workspace, submodule)
  const read = await git(place, ['read-tree', '--reset', submodule.commit])
  if (!read.ok) return gitFailed(read.error)
  // Its exit status says that something differs, no more.
  await git(place, ['update-index', '-q', '--refresh', '--ignore-submodules'])
  const changed = await gitBytes(place, ['diff-files', '--name-only', '-z', '--ignore-submodules=all'])
  if (!changed.ok) return gitFailed(changed.error)
  const others = await gitBytes(place, ['ls-files', '--others', '--exclude-standard', '-z'])
  if (!others.ok) return gitFailed(others.error)
  const paths = (records: Buffer) =>
    splitNul(records)
      .map((path) => `${submodule.path}/${path.replace(/\/$/, '')}`)
      .filter((path) => !isWithin(path, workspace.furnished))
  const differing: GitPath[] = paths(others.value).filter((path) => !leavings.has(path))
  for (const path of paths(changed.value)) {
    if (leavings.get(path) !== (await fileTag(workspace, path))) differing.push(path)
  }
  return ok(differing)
}

/** Tells whether a file was written since. */
export async function fileTag({ root }: Workspace, path: GitPath): Promise<string> {
  const stats = await lstat(onDisk(root, path)).catch(() => undefined)
  return stats ? `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.mode}` : 'absent'
}
