import type { CommitId, TreeId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { git } from '../../platform/git/git.js'
import type { AgentHistory } from './agent-commits.js'
import type { Repository } from '../contract.js'
import { resetEntries, type Change } from '../git/index-changes.js'
import { diffCommits } from '../git/objects.js'
import { mergeTrees } from '../land/merge.js'
import { commitTree } from '../git/sessions.js'
import { workspacePlace, type Workspace } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

/** The work tree as one commit on what the agent stood on, before it was brought onto the base. */
export interface BroughtOntoBase {
  readonly raw: CommitId
}

/**
 * Where the agent stood on an older commit, or on a branch from one (`git checkout HEAD~2`, a bisect that was left
 * standing), its files lack what the base has had since. Its work is how they differ from the commit at which both
 * histories part, and it is merged onto the base; the trusted index becomes what comes of it. What git cannot combine
 * fails by name. Undefined where there was nothing to do; so it is, too, where the files are those of the base and only
 * HEAD went back (`git reset --soft`), and where the histories have nothing in common.
 */
export async function bringOntoBase(
  repository: Repository,
  workspace: Workspace,
  { base, message }: { readonly base: CommitId; readonly message: string },
  { onBase, stoodOn }: Pick<AgentHistory, 'onBase' | 'stoodOn'>,
): Promise<Result<BroughtOntoBase | undefined, Failure>> {
  if (onBase || stoodOn === undefined) return ok(undefined)
  const { trusted } = repository
  // Status 1: they have no history in common.
  const parted = await git(trusted, ['merge-base', base, stoodOn])
  if (!parted.ok)
    return parted.error.exit.type === 'code' && parted.error.exit.code === 1 ? ok(undefined) : gitFailed(parted.error)
  // What git finds an ancestor of is a commit.
  const [from, stands] = [parted.value.split('\n')[0] ?? '', stoodOn] as [CommitId, CommitId]
  const tree = await git<TreeId>(workspacePlace(repository, workspace), ['write-tree'])
  if (!tree.ok) return gitFailed(tree.error)
  const since = await diffCommits(repository, from, base)
  if (!since.ok) return gitFailed(since.error)
  const mine = await diffCommits(repository, from, tree.value)
  if (!mine.ok) return gitFailed(mine.error)
  if (since.value.length === 0 || hasFilesOfBase(since.value, mine.value)) return ok(undefined)
  return mergeOnto(repository, workspace, { base, message, from, stoodOn: stands, tree: tree.value })
}

/** Nothing that came since stands as it was before, and something of it is there: only HEAD went back. Pure. */
export function hasFilesOfBase(since: readonly Change[], mine: readonly Change[]): boolean {
  const now = new Map(mine.map((change) => [change.path, change]))
  const isThere = ({ path, newMode, newOid }: Change) => {
    const own = now.get(path)
    return own?.newMode === newMode && own.newOid === newOid
  }
  return since.every(({ path }) => now.has(path)) && since.some(isThere)
}

interface ToMerge {
  readonly base: CommitId
  readonly message: string
  /** Where the histories part. */
  readonly from: CommitId
  readonly stoodOn: CommitId
  /** The agent's files. */
  readonly tree: TreeId
}

async function mergeOnto(
  repository: Repository,
  workspace: Workspace,
  { base, message, from, stoodOn, tree }: ToMerge,
): Promise<Result<BroughtOntoBase, Failure>> {
  const change = await commitTree(repository, tree, [from], message)
  if (!change.ok) return gitFailed(change.error)
  const merged = await mergeTrees(repository, base, change.value)
  if (!merged.ok) return gitFailed(merged.error)
  if ('conflict' in merged.value) {
    const { paths } = merged.value.conflict
    const short = `${stoodOn.slice(0, 12)}, which lacks the commit that its work should start from (${base.slice(0, 12)})`
    const what = `The agent left its git at ${short}, and git cannot combine its changes with that`
    return err(failure('collect', `${what}: ${paths.slice(0, 3).join(', ')}`, { paths }))
  }
  const place = workspacePlace(repository, workspace)
  const differs = await diffCommits(repository, merged.value.tree, tree)
  if (!differs.ok) return gitFailed(differs.error)
  const set = await resetEntries(place, differs.value)
  if (!set.ok) return gitFailed(set.error)
  const raw = stoodOn === from ? change : await commitTree(repository, tree, [stoodOn], message)
  return raw.ok ? ok({ raw: raw.value }) : gitFailed(raw.error)
}
