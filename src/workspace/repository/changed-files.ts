import type { CommitId } from '../../domain/brand.js'
import { git } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import { treePlace } from './in-the-way.js'

/**
 * What in the user's files and index differs from a commit, untracked files too; undefined when git cannot tell. Unlike
 * `dirtyPaths` it may be asked when agents have been at work: it reads no configuration that one could have changed.
 */
export async function changedFiles(repository: Repository, commit: CommitId): Promise<readonly string[] | undefined> {
  const place = treePlace(repository)
  const diff = [
    'diff',
    '--name-only',
    '-z',
    '--no-renames',
    '--no-ext-diff',
    '--no-textconv',
    '--ignore-submodules=dirty',
  ]
  const [changed, others] = await Promise.all([
    git(place, [...diff, commit, '--']),
    // The user's excludes were read before the first run here added its own directory to them.
    git(place, ['ls-files', '--others', '--exclude-standard', '--exclude=/.autopilot/', '-z']),
  ])
  if (!changed.ok || !others.ok) return undefined
  return `${changed.value}${others.value}`.split('\0').filter((path) => path !== '')
}
