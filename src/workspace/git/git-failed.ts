import { failure, type Failure } from '../../domain/agent/failure.js'
import { err } from '../../domain/result.js'
import { filterTrouble } from '../../platform/git/filter-words.js'
import { formatGitFailure, isMachineTrouble, type GitFailure } from '../../platform/git/git-failure.js'
import { filterFailureHelp } from './content-filters.js'

/** A full object id, of either format. */
export const fullId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** git could not read what an agent left: what is there is not as it should be, unless git itself came to grief. */
export function notReadable(what: string, failed: GitFailure, paths?: readonly string[]) {
  const kind = isMachineTrouble(failed) ? 'infrastructure' : 'collect'
  return err(failure(kind, `${what}: ${formatGitFailure(failed)}`, paths ? { paths } : {}))
}

/** A step of autopilot's own git that failed, as the attempt's failure: not the agent's fault. */
export function gitFailed(failed: GitFailure): { readonly ok: false; readonly error: Failure } {
  const trouble = filterTrouble(failed.stderr)
  const help =
    trouble && filterFailureHelp(trouble.said, failed.args.findLast((arg) => fullId.test(arg))?.slice(0, 12) ?? 'HEAD')
  return err(
    failure('infrastructure', formatGitFailure(failed) + (help === undefined ? '' : `; ${help}`), { ownGit: true }),
  )
}
