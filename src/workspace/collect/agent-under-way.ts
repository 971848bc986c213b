import { listFirst } from '../../domain/text.js'
import { join } from 'node:path'
import type { Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { statAtOnce } from '../../platform/files/at-once.js'
import { readAgentIndex } from '../git/agent-index.js'
import type { Repository } from '../contract.js'
import { pathText } from '../git-path.js'
import { checkInPlace, onFileSystem, type Workspace } from '../workspace.js'

/** What git keeps while it is in the middle of something. Source: git's wt-status.c, `wt_status_get_state`. */
const marks: readonly (readonly [file: string, what: string])[] = [
  ['MERGE_HEAD', 'a merge'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick'],
  ['rebase-merge', 'a rebase'],
  ['rebase-apply/applying', 'git am'],
  ['rebase-apply', 'a rebase, or git am'],
  ['sequencer', 'a cherry-pick or a revert of several commits'],
  // Comes last, and counts only beside unmerged paths: `revert --no-commit` leaves it when all went well.
  ['REVERT_HEAD', 'a revert'],
]

const maxPaths = 20

/**
 * What the agent's git has left unfinished, and the paths where it stopped, in words; undefined if there is nothing.
 * Read as files: no git runs in the agent's git directory.
 */
export async function findAgentUnderWay(
  repository: Repository,
  workspace: Workspace,
): Promise<Result<string | undefined, Failure>> {
  const inPlace = checkInPlace(workspace)
  if (!inPlace.ok) return inPlace
  const gitDir = join(workspace.root, '.git')
  // Whatever else it may be is for collecting to refuse.
  if (!statAtOnce(gitDir)?.isDirectory()) return ok(undefined)
  const index = await onFileSystem('Reading an index', () => readAgentIndex(repository, workspace))
  const read = index.ok ? index.value : index
  if (!read.ok) return ok(undefined)
  const unmerged =
    read.value === 'untouched' ? [] : [...read.value].flatMap(([path, one]) => (one.isUnmerged ? [path] : []))
  const begun = operationBegun(gitDir)
  const isOver = begun === undefined || (begun === 'a revert' && unmerged.length === 0)
  if (isOver && unmerged.length === 0) return ok(undefined)
  const named = listFirst(unmerged, maxPaths, pathText)
  const where = named === '' ? '' : `; not resolved or not added: ${named}`
  return ok(`${begun ?? 'an operation that stopped in a conflict (a stash, or apply --3way)'} is unfinished${where}`)
}

function operationBegun(gitDir: string): string | undefined {
  for (const [file, what] of marks) if (statAtOnce(join(gitDir, file))) return what
  return undefined
}
