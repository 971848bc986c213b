import { relative } from 'node:path'
import type { CommitId, RefName, TreeId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { safeName } from '../../domain/name.js'
import { err, ok, type Result } from '../../domain/result.js'
import { readAtOnce } from '../../platform/files/at-once.js'
import { cleanLine } from '../../domain/text.js'
import { git } from '../../platform/git/git.js'
import { descends, isIn, parseGraph, reachable, uncoveredTips, type CommitGraph } from './commit-graph.js'
import type { Repository } from '../contract.js'
import { agentCommits, importCommits, importPlace, inspectStore } from '../stores/import-objects.js'
import { commitTree } from '../git/sessions.js'
import { readAgentRefs, type AgentRefs } from './moved-refs.js'
import type { Unreadable } from '../git/untrusted-file.js'
import { givenRefsFile, type Workspace } from '../workspace.js'
import { gitFailed, notReadable } from '../git/git-failed.js'

/** Something that the agent's git made besides the candidate, kept on a ref of the user's repository. */
export interface KeptRef {
  readonly ref: RefName
  readonly commit: CommitId
  /**
   * `commits`: HEAD's commits although the tree is unchanged; `stash`, `branch`: those; `abandoned`: commits that were
   * on no branch any more, such as amended or reset ones.
   */
  readonly what: 'commits' | 'stash' | 'branch' | 'abandoned'
  /** The agent's own name for it, cleaned. */
  readonly name?: string
}

/** What the agent committed, copied into the user's objects but not on a ref yet. */
export interface AgentHistory {
  /** HEAD, if it has commits that the base lacks. */
  readonly head?: CommitId
  /** Whether HEAD is the base or has it as an ancestor; false on an unborn branch or an older commit. */
  readonly onBase: boolean
  /** The agent's HEAD, new or not; undefined on an unborn branch. */
  readonly stoodOn?: string
  /** What HEAD does not lead to. */
  readonly kept: readonly KeptRef[]
}

const maxCommits = 20_000

/** More parents than this don't fit well in one commit. */
const maxAbandoned = 200

/**
 * Reads what the agent's git left and copies its commits into the user's objects. Costs no process if the agent made
 * no commit; otherwise `cat-file`, `rev-list`, `pack-objects` and the reader of the pack.
 *
 * @param ref - the candidate's ref; names for everything kept besides it begin with this and a dash
 */
export async function readAgentHistory(
  repository: Repository,
  workspace: Workspace,
  base: CommitId,
  ref: RefName,
): Promise<Result<AgentHistory, Failure>> {
  const refs = readAgentRefs(workspace.root, objectId(repository), readGiven(workspace))
  if (!refs.ok) return unreadable(workspace, refs.error)
  const graph = await newCommits(repository, workspace, base, refs.value)
  if (!graph.ok) return graph
  const { head } = refs.value
  const stood = head === undefined ? {} : { stoodOn: head }
  if (graph.value.size === 0) return ok({ onBase: head === base, ...stood, kept: [] })
  const work = await keepAll(repository, workspace, base, sortOut(graph.value, refs.value, base, ref))
  return work.ok ? ok({ ...work.value, ...stood }) : work
}

/** An older workspace has none: then all refs are the agent's. */
function readGiven(workspace: Workspace): Buffer {
  return readAtOnce(givenRefsFile(workspace)) ?? Buffer.alloc(0)
}

export function objectId({ objectFormat }: Pick<Repository, 'objectFormat'>): RegExp {
  return objectFormat === 'sha256' ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/
}

function unreadable(
  { root }: Workspace,
  { path, reason }: Unreadable,
): { readonly ok: false; readonly error: Failure } {
  const name = cleanLine(relative(root, path), 300)
  const message = `The agent left a git directory that cannot be collected from: ${name} ${reason}.`
  return err(failure('collect', message, { paths: [name] }))
}

/** All commits in the agent's refs or object store that the base lacks. */
async function newCommits(
  repository: Repository,
  workspace: Workspace,
  base: CommitId,
  { head, refs, stashes }: AgentRefs,
): Promise<Result<CommitGraph, Failure>> {
  const store = await inspectStore(repository, workspace)
  if (!store.ok) return unreadable(workspace, store.error)
  const made = store.value === 'filled' ? await agentCommits(repository, workspace) : ok([])
  if (!made.ok) return notReadable("The agent's objects could not be read", made.error)
  const tips = new Set([...(head === undefined ? [] : [head]), ...refs.values(), ...stashes, ...made.value])
  tips.delete(base)
  if (tips.size === 0) return ok(new Map())
  const input = `${[...tips].join('\n')}\n^${base}\n`
  const args = ['rev-list', '--parents', `--max-count=${maxCommits + 1}`, '--stdin']
  const listed = await git(importPlace(repository, workspace), args, { input })
  if (!listed.ok) {
    return notReadable("The agent's commits could not be read", listed.error)
  }
  const graph = parseGraph(listed.value)
  if (graph.size <= maxCommits) return ok(graph)
  return err(failure('collect', `The agent left more than ${maxCommits} commits, which are too many to keep.`))
}

interface Sorted {
  readonly head?: CommitId
  readonly onBase: boolean
  readonly kept: readonly KeptRef[]
  readonly abandoned: readonly CommitId[]
  readonly abandonedRef: RefName
}

/** What is kept under which name. Pure. A commit that something kept already contains needs no ref of its own. */
function sortOut(graph: CommitGraph, { head, refs, stashes }: AgentRefs, base: CommitId, ref: RefName): Sorted {
  const moved = head !== undefined && isIn(graph, head) ? head : undefined
  const covered = reachable(graph, moved === undefined ? [] : [moved])
  const kept: KeptRef[] = []
  const keep = (commit: string, more: Omit<KeptRef, 'commit'>) => {
    if (!isIn(graph, commit) || covered.has(commit)) return
    kept.push({ commit, ...more })
    for (const one of reachable(graph, [commit])) covered.add(one)
  }
  for (const [index, commit] of stashes.entries()) {
    const name = `stash@{${index}}`
    keep(commit, { ref: index === 0 ? `${ref}-stash` : `${ref}-stash-${index}`, what: 'stash', name })
  }
  for (const [name, commit] of [...refs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const short = name.replace(/^refs\/heads\//, '')
    keep(commit, { ref: `${ref}-branch-${safeName(short)}`, what: 'branch', name: cleanLine(short) })
  }
  return {
    ...(moved === undefined ? {} : { head: moved }),
    onBase: head !== undefined && (head === base || (isIn(graph, head) && descends(graph, head, base))),
    kept,
    abandoned: uncoveredTips(graph, covered),
    abandonedRef: `${ref}-abandoned`,
  }
}

async function keepAll(
  repository: Repository,
  workspace: Workspace,
  base: CommitId,
  { head, onBase, kept, abandoned, abandonedRef }: Sorted,
): Promise<Result<AgentHistory, Failure>> {
  const tips = [...(head === undefined ? [] : [head]), ...kept.map(({ commit }) => commit), ...abandoned]
  if (abandoned.length > maxAbandoned) {
    return err(failure('collect', `The agent left ${abandoned.length} tips of history that are on no branch.`))
  }
  const imported = await importCommits(repository, workspace, tips, base)
  if (!imported.ok) return imported
  const work = { ...(head === undefined ? {} : { head }), onBase }
  const [single] = abandoned
  if (single === undefined) return ok({ ...work, kept })
  const joined = abandoned.length === 1 ? ok(single) : await joinCommits(repository, base, abandoned)
  if (!joined.ok) return joined
  return ok({ ...work, kept: [...kept, { ref: abandonedRef, commit: joined.value, what: 'abandoned' }] })
}

/** One commit with all of these as ancestors, so that one ref keeps them. */
async function joinCommits(
  repository: Repository,
  base: CommitId,
  commits: readonly CommitId[],
): Promise<Result<CommitId, Failure>> {
  const message =
    'Commits that were no longer on any branch of the agent\n\nThe parents are the kept commits; the tree is the base.\n'
  const tree = await git<TreeId>(repository.trusted, ['rev-parse', '--verify', `${base}^{tree}`])
  if (!tree.ok) return gitFailed(tree.error)
  const joined = await commitTree(repository, tree.value, commits, message)
  return joined.ok ? joined : gitFailed(joined.error)
}
