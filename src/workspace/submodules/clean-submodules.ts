import type { Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { git } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import { excludePattern, isWithin, type GitPath } from '../git-path.js'
import { isRealDirectory, readSubmoduleNotes, submodulePlace } from './submodule-notes.js'
import type { Workspace } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

/** Removes what is not of the commit, ignored or not, but for these paths; or with `-n` says what it would remove. */
export function cleanArgs(except: readonly GitPath[], ...options: readonly string[]): string[] {
  const kept = except.flatMap((path) => ['-e', Buffer.from(excludePattern(path), 'latin1').toString()])
  return ['clean', '-ffdx', ...options, ...kept]
}

/**
 * Removes from submodules what is not of their commits, as a workspace is cleaned before it is used again, but for
 * these paths. Their `.git` must be hidden.
 *
 * @returns what git said of each
 */
export async function cleanSubmodules(
  repository: Repository,
  workspace: Workspace,
  how: '-q' | '-n',
  except: readonly GitPath[],
): Promise<Result<readonly string[], Failure>> {
  const said: string[] = []
  for (const submodule of readSubmoduleNotes(workspace).populated) {
    if (!(await isRealDirectory(workspace.root, submodule.path))) continue
    const kept = except.flatMap((path) =>
      isWithin(path, [submodule.path]) && path !== submodule.path ? [path.slice(submodule.path.length + 1)] : [],
    )
    const cleaned = await git(submodulePlace(repository, workspace, submodule), cleanArgs(kept, how))
    if (!cleaned.ok) return gitFailed(cleaned.error)
    said.push(cleaned.value)
  }
  return ok(said)
}
