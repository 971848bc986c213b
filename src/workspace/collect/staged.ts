import type { CommitId } from '../../domain/brand.js'
import type { Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { ownEntries, type AgentEntry, type IndexEntry } from '../git/agent-index.js'
import type { Repository } from '../contract.js'
import { isWithin, type GitPath } from '../git-path.js'
import { importBlobs } from '../stores/import-objects.js'
import { absentMode, diffIndex, gitlinkMode, setEntries, type Change } from '../git/index-changes.js'
import { workspacePlace, type Workspace } from '../workspace.js'
import { gitFailed, notReadable } from '../git/git-failed.js'

/** What the trusted index was brought to before the work tree was added. */
interface Followed {
  readonly commit: CommitId
  /** The agent's HEAD has the base in its history, so that its index can be compared with that commit. */
  readonly onBase: boolean
}

/**
 * Brings into the trusted index what the agent's index says about files that the work tree doesn't: a file that is
 * absent because of a sparse checkout is as its entry says, and so is an unchanged file whose mode or content was only
 * staged (`update-index --chmod`, `add --renormalize`).
 */
export async function followStaged(
  repository: Repository,
  workspace: Workspace,
  theirs: ReadonlyMap<GitPath, AgentEntry>,
  { commit, onBase }: Followed,
): Promise<Result<void, Failure>> {
  const place = workspacePlace(repository, workspace)
  const changes = await diffIndex(place, commit)
  if (!changes.ok) return gitFailed(changes.error)
  const ours = await ownEntries(place)
  if (!ours.ok) return gitFailed(ours.error)
  const changed = new Map(changes.value.map((change) => [change.path, change]))
  const taken = new Map<GitPath, IndexEntry>()
  const fresh: string[] = []
  for (const [path, entry] of theirs) {
    if (entry.isUnmerged || isWithin(path, workspace.furnished)) continue
    const before = replaced(path, entry, { change: changed.get(path), ours: ours.value, onBase })
    if (before === undefined) continue
    taken.set(path, entry)
    if (entry.oid !== before.oid && entry.mode !== gitlinkMode) fresh.push(entry.oid)
  }
  if (taken.size === 0) return ok(undefined)
  const imported = await importBlobs(repository, workspace, fresh)
  if (!imported.ok) return imported
  const set = await setEntries(place, taken)
  return set.ok ? ok(undefined) : notReadable('What the agent had staged could not be collected', set.error)
}

/** What the agent's entry should replace; undefined if the work tree says more than the entry. */
function replaced(
  path: GitPath,
  { mode, oid, isSkipped }: AgentEntry,
  {
    change,
    ours,
    onBase,
  }: { readonly change: Change | undefined; readonly ours: ReadonlyMap<GitPath, IndexEntry>; readonly onBase: boolean },
): IndexEntry | undefined {
  const own = ours.get(path)
  if (own === undefined) {
    const isLeftOut = isSkipped && change?.newMode === absentMode && !isBelowFile(path, ours)
    return isLeftOut ? { mode: change.oldMode, oid: change.oldOid } : undefined
  }
  const isStaged = onBase && change === undefined && (mode !== own.mode || oid !== own.oid)
  return isStaged ? own : undefined
}

function isBelowFile(path: GitPath, entries: ReadonlyMap<GitPath, IndexEntry>): boolean {
  const names = path.split('/')
  return names.slice(1).some((_, depth) => entries.has(names.slice(0, depth + 1).join('/')))
}
