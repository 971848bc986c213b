import { ok, type Result } from '../../domain/result.js'
import { gitBytes, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'

/**
 * The user's tags and remote-tracking branches as the text of a `packed-refs` file, one UTF-16 unit for each byte; empty
 * where there are none. Symbolic ones, such as `origin/HEAD`, are as the commit they lead to. Source of the form and the
 * header: git's refs/packed-backend.c; "sorted" lets git search instead of reading all.
 */
export async function readSharedRefs(user: GitPlace): Promise<Result<string, GitFailure>> {
  const args = ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/remotes', 'refs/tags']
  const listed = await gitBytes(user, args)
  if (!listed.ok) return listed
  return ok(listed.value.length === 0 ? '' : `# pack-refs with: sorted \n${listed.value.toString('latin1')}`)
}
