import { execFileSync } from 'node:child_process'
import { commitId } from '../brands.js'
import type { CommitId } from '../../../src/domain/brand.js'
import type { GitRepo } from './git-repo.js'

/**
 * A commit on top of another one in which these files have these contents (`null`: deleted), made without touching a
 * branch, the index or the work tree; as a fake attempt, or somebody else, would make one. Returns its id.
 */
export function commitOn(
  repo: GitRepo,
  parent: CommitId,
  files: Readonly<Record<string, string | null>>,
  { message = 'work', parents = [parent] }: { message?: string; parents?: readonly CommitId[] } = {},
): CommitId {
  const env = { ...process.env, ...repo.env, GIT_INDEX_FILE: repo.beside('commit-on.index') }
  const git = (args: readonly string[], input?: string) =>
    execFileSync('git', args, { cwd: repo.dir, env, input: input ?? '', encoding: 'utf8' }).trim()
  git(['read-tree', parent])
  for (const [path, content] of Object.entries(files)) {
    if (content === null) git(['update-index', '--force-remove', path])
    else
      git(['update-index', '--add', '--cacheinfo', `100644,${git(['hash-object', '-w', '--stdin'], content)},${path}`])
  }
  return commitId(git(['commit-tree', git(['write-tree']), ...parents.flatMap((each) => ['-p', each]), '-m', message]))
}
