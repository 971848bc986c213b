import { rm } from 'node:fs/promises'
import type { CommitId, RefName, TreeId } from '../../domain/brand.js'
import { realClock } from '../../platform/clock.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import { removeTornObjects } from '../../platform/git/torn-objects.js'
import { readAgentHistory, type AgentHistory, type KeptRef } from './agent-commits.js'
import { followAgentIndex, readAgentIndex, type AgentIndex } from '../git/agent-index.js'
import type { Repository } from '../contract.js'
import { keepLfsContent } from '../stores/filter-stores.js'
import { gitPath, isWithin, pathText, type GitPath } from '../git-path.js'
import { leaveOutHidden } from './hidden.js'
import { ignoredOf, newIgnored } from './ignored.js'
import { gitlinkMode, resetEntries, setEntries, type Change } from '../git/index-changes.js'
import { diffCommits } from '../git/objects.js'
import { bringOntoBase } from './older-head.js'
import { changeRefs, commitTree } from '../git/sessions.js'
import { checkSeal } from '../repository/trusted.js'
import { filledSubmodules, findObstacles, unignored } from '../git/nested-repositories.js'
import { asSetupLeft } from '../prepare/as-setup-left.js'
import { followStaged } from './staged.js'
import { hideSubmodules, showSubmodules } from '../submodules/submodule-git.js'
import { readSubmoduleNotes, type SubmoduleNotes } from '../submodules/submodule-notes.js'
import { checkBumps, readSubmoduleWork } from './submodule-work.js'
import {
  checkInPlace,
  exemptPaths,
  indexFileOf,
  onFileSystem,
  withExcludes,
  workspacePlace,
  type Workspace,
} from '../workspace.js'
import { lockedFiles } from './locked-files.js'
import { gitFailed, notReadable } from '../git/git-failed.js'

export interface CollectRequest {
  /** The commit that the attempt started from. */
  readonly base: CommitId
  /** Paths relative to the root that the agent may not change, such as the roadmap. */
  readonly leaveOut: readonly string[]
  /** Further such paths, by a rule. */
  readonly isOffLimits?: (path: string) => boolean
  /** Paths relative to the root whose changes the caller wants to know, however much else has changed. */
  readonly watched?: readonly string[]
  /** Files that the agent's own tools wrote, as its CLI named them; those that git ignores are reported. */
  readonly wrote?: readonly string[]
  /** The candidate's commit message, trailers included. */
  readonly message: string
  /** The ref for the candidate; without `earlier` it must not exist yet. */
  readonly ref: RefName
  /** Names of refs for everything else that is kept begin with this and a dash; default: the candidate's ref. */
  readonly keepAs?: RefName
  /** The candidate of an earlier round, at the ref's tip: it becomes another parent, so nothing is lost. */
  readonly earlier?: CommitId
}

/** What an attempt left. Every ref in it exists by the time this is returned. */
export type Collected =
  | {
      readonly type: 'unchanged'
      readonly kept: readonly KeptRef[]
      readonly leftOut: readonly string[]
      readonly hidden: readonly string[]
      readonly ignored: readonly GitPath[]
      /** For people: new files and directories that git ignores, the first {@link maxPathsShown}, clean. */
      readonly newIgnored: readonly string[]
    }
  | {
      readonly type: 'candidate'
      /** The ref that keeps it. */
      readonly ref: RefName
      readonly commit: CommitId
      readonly tree: TreeId
      readonly parents: readonly CommitId[]
      /** For people: the first {@link maxPathsShown} of `changes` paths, clean. */
      readonly changedPaths: readonly string[]
      readonly changes: number
      /** Changes that are not in the candidate: to the roadmap, and to copied, linked and kept paths. */
      readonly leftOut: readonly string[]
      /** New files that the agent hid with its own rules in `.git/info/exclude`; they are not in it either. */
      readonly hidden: readonly string[]
      /** Those of the request's `wrote` that git ignores; they are not in it. */
      readonly ignored: readonly GitPath[]
      /** The changed paths among the request's `watched`. */
      readonly watched: readonly string[]
      readonly kept: readonly KeptRef[]
    }

const maxPathsShown = 200

/**
 * Collects what an attempt did, once its agent is gone: the work tree on top of the agent's commits, as one commit on
 * `ref`; everything else that its git made, on separate refs. No git runs in the agent's git directory.
 *
 * A failure of kind `collect` means that the workspace contains something that can't be collected, and must be kept.
 * Kind `infrastructure` means that autopilot's own git failed, twice: nothing was lost, and the caller may try again.
 * Usually two processes, `add` and `write-tree`; one more if the agent's own tools wrote files.
 */
export async function collect(
  repository: Repository,
  workspace: Workspace,
  request: CollectRequest,
): Promise<Result<Collected, Failure>> {
  const first = await tryToCollect(repository, workspace, request)
  if (first.ok || first.error.kind !== 'infrastructure') return first
  // The workspace is as its agent left it: if autopilot's own git was killed or the disk was full, nobody should pay
  // for another agent.
  const second = await tryToCollect(repository, workspace, request)
  if (second.ok || second.error.kind !== 'infrastructure') return second
  return err({ ...second.error, uncollected: true })
}

async function tryToCollect(
  repository: Repository,
  workspace: Workspace,
  request: CollectRequest,
): Promise<Result<Collected, Failure>> {
  const began = realClock.now()
  const collected = await onFileSystem('Collecting', async () => {
    const steps = await collectSteps(repository, workspace, request)
    // A person may look at the workspace, or the agent may continue in it.
    if (repository.submodules.length > 0) await showSubmodules(workspace)
    return steps
  })
  if (collected.ok && (collected.value.ok || collected.value.error.kind !== 'infrastructure')) return collected.value
  // No other git can be using this index.
  await rm(`${indexFileOf(workspace)}.lock`, { force: true }).catch(() => undefined)
  await removeTornObjects(repository.objectsDir, began)
  return collected.ok ? collected.value : collected
}

async function collectSteps(
  repository: Repository,
  workspace: Workspace,
  request: CollectRequest,
): Promise<Result<Collected, Failure>> {
  const sealed = checkSeal(repository)
  if (!sealed.ok) return err({ ...sealed.error, uncollected: true })
  const submodules = readSubmoduleNotes(workspace)
  const clear = await checkClear(repository, workspace, submodules)
  if (!clear.ok) return clear
  const bumps = await readSubmoduleWork(repository, workspace, submodules)
  if (!bumps.ok) return bumps
  await hideSubmodules(workspace)
  if (repository.filterStores.includes('lfs')) await keepLfsContent(repository, workspace)
  const work = await readAgentHistory(repository, workspace, request.base, request.keepAs ?? request.ref)
  if (!work.ok) return work
  const index = await readAgentIndex(repository, workspace)
  if (!index.ok) return index
  const added = await indexWorkTree(repository, workspace, request.base, work.value, index.value)
  if (!added.ok) return added
  const place = workspacePlace(repository, workspace)
  // As with a file, the submodule's actual commit counts more than its entry in the agent's index.
  const moved = [...bumps.value].map(([path, oid]) => [path, { mode: gitlinkMode, oid }] as const)
  const bumped = await setEntries(place, moved)
  if (!bumped.ok) return gitFailed(bumped.error)
  const first = await changesSince(repository, place, request.base)
  if (!first.ok) return gitFailed(first.error)
  const hidden = await leaveOutHidden(repository, workspace, index.value, first.value.changes)
  if (!hidden.ok) return hidden
  const older = await bringOntoBase(repository, workspace, request, work.value)
  if (!older.ok) return older
  const isSame = hidden.value.length === 0 && older.value === undefined
  const now = isSame ? first : await changesSince(repository, place, request.base)
  if (!now.ok) return gitFailed(now.error)
  const { tree, changes } = now.value
  const landable = await checkBumps(repository, workspace, submodules, changes)
  if (!landable.ok) return landable
  const ignored = await ignoredOf(repository, workspace, request.wrote ?? [])
  if (!ignored.ok) return ignored
  const left = { hidden: hidden.value, ignored: ignored.value }
  const asSetUp = await asSetupLeft(workspace, changes)
  const sorted = { ...sortChanges(workspace, request, changes, asSetUp), tree, ...left }
  return commitWork(repository, workspace, request, { ...work.value, ...(older.value ?? {}) }, sorted)
}

/** The tree that the index makes, and its difference from a commit. One process. */
async function changesSince(
  repository: Repository,
  place: GitPlace,
  base: CommitId,
): Promise<Result<{ readonly tree: TreeId; readonly changes: readonly Change[] }, GitFailure>> {
  const tree = await git<TreeId>(place, ['write-tree'])
  if (!tree.ok) return tree
  const changes = await diffCommits(repository, base, tree.value)
  return changes.ok ? ok({ tree: tree.value, changes: changes.value }) : changes
}

/** Nothing in the work tree may mislead git or be skipped by it. Call this before any git command there. */
async function checkClear(
  repository: Repository,
  workspace: Workspace,
  { populated }: SubmoduleNotes,
): Promise<Result<void, Failure>> {
  const inPlace = checkInPlace(workspace)
  if (!inPlace.ok) return inPlace
  const { repositories, pipes } = await findObstacles(workspace.root, exemptPaths(workspace))
  if (pipes.length > 0) return uncollectable('contains a pipe or a device where git reads a file', pipes)
  const submodules = repository.gitlinks.map(gitPath)
  const isOurs = (path: GitPath) => populated.some((one) => one.path === path)
  const filled = filledSubmodules(workspace.root, submodules).filter((path) => !isOurs(path))
  if (filled.length > 0)
    return uncollectable('contains files inside a submodule, and autopilot does not collect those', filled)
  const nested = repositories.filter((path) => !isOurs(path))
  const lost = await unignored(workspacePlace(repository, workspace), nested, submodules)
  if (lost.length > 0) return uncollectable('contains a git repository inside the repository', lost)
  const locked = await lockedFiles(repository, workspace)
  if (!locked.ok) return locked
  return locked.value.length > 0
    ? uncollectable('contains files that git-crypt has locked', locked.value)
    : ok(undefined)
}

function uncollectable(what: string, paths: readonly GitPath[]): { readonly ok: false; readonly error: Failure } {
  const named = paths.slice(0, maxPathsShown).map(pathText)
  return err(failure('collect', `The workspace ${what}: ${named.slice(0, 3).join(', ')}`, { paths: named }))
}

/** Updates the trusted index to what the attempt left. */
async function indexWorkTree(
  repository: Repository,
  workspace: Workspace,
  base: CommitId,
  { head, onBase }: AgentHistory,
  agentIndex: AgentIndex,
): Promise<Result<void, Failure>> {
  const place = workspacePlace(repository, workspace)
  // Without -u and with --reset, unchanged entries keep what git knows about their files, so nothing is hashed again.
  if (head !== undefined && onBase) {
    const read = await git(place, ['read-tree', '--reset', head])
    if (!read.ok) return gitFailed(read.error)
  }
  const unread: string[] = []
  const onWarnings = (said: string) => void unread.push(...unreadPaths(said))
  const args = withExcludes(workspace, [...addExisting, 'add', '-A', '--', '.'])
  const added = await git(place, args, { onWarnings })
  if (!added.ok) return notAdded(added.error)
  if (unread.length > 0) return uncollectable('contains files that git cannot read', unread)
  if (agentIndex === 'untouched') return ok(undefined)
  const followed = await followAgentIndex(repository, workspace, agentIndex, onBase)
  if (!followed.ok) return notAdded(followed.error)
  return followStaged(repository, workspace, agentIndex, { commit: (onBase ? head : undefined) ?? base, onBase })
}

/** An existing file counts, even if setup's sparse checkout had left it out. Source: git's sparse-index.c. */
const addExisting = ['-c', 'core.sparseCheckout=true']

/**
 * Paths that git skips although they may contain work, while it exits with 0. Source: git's dir.c ("could not open
 * directory") and wrapper.c ("unable to access", of an ignore or attributes file), in the C locale. Other lines, such
 * as notices about line ends or a filter's output, don't count.
 */
function unreadPaths(stderr: string): GitPath[] {
  const said =
    /^warning: (?:could not open directory|unable to access) '([^/\n][^\n]*)': (?!No such file|Not a directory)/gm
  return [...stderr.matchAll(said)].map(([, path = '']) => gitPath(path))
}

function notAdded(error: GitFailure): { readonly ok: false; readonly error: Failure } {
  return notReadable('git could not add the files of the workspace', error)
}

interface SortedChanges {
  /** The tree of the index with all of them in it. */
  readonly tree: TreeId
  /** The agent's work. */
  readonly work: readonly Change[]
  /** To restore in the index and to report. */
  readonly leftOut: readonly Change[]
  /** Files that are exactly as setup left them: restored in the index, because they are nobody's work. */
  readonly leavings: readonly Change[]
  /** Setup's results containing such files, which git ignored until the agent changed the rules; reported. */
  readonly noLonger: readonly GitPath[]
  readonly hidden: readonly GitPath[]
  readonly ignored: readonly GitPath[]
}

function sortChanges(
  workspace: Workspace,
  request: CollectRequest,
  changes: readonly Change[],
  asSetUp: ReadonlySet<GitPath>,
): Omit<SortedChanges, 'tree' | 'hidden' | 'ignored'> {
  const out = [...request.leaveOut.map(gitPath), ...workspace.furnished]
  const isOut = ({ path }: Change) => isWithin(path, out) || (request.isOffLimits?.(path) ?? false)
  const leftOut = changes.filter(isOut)
  const rest = changes.filter((change) => !isOut(change))
  const isLeaving = (change: Change) =>
    asSetUp.has(change.path) || workspace.leavings.get(change.path) === `${change.newMode} ${change.newOid}`
  const sourcesOf = workspace.setupPaths.filter((path) => [...asSetUp].some((one) => isWithin(one, [path])))
  const work = rest.filter((change) => !isLeaving(change))
  return { work, leftOut, leavings: rest.filter(isLeaving), noLonger: sourcesOf }
}

async function commitWork(
  repository: Repository,
  workspace: Workspace,
  request: CollectRequest,
  { head, onBase, kept, raw }: AgentHistory & { readonly raw?: CommitId },
  { tree: whole, work, leftOut, leavings, noLonger, hidden: paths, ignored }: SortedChanges,
): Promise<Result<Collected, Failure>> {
  const { base, message, ref, watched = [], keepAs = ref, earlier } = request
  const out = [...leftOut.map(({ path }) => path), ...noLonger]
  const named = out.slice(0, maxPathsShown).map(pathText)
  const hidden = paths.slice(0, maxPathsShown).map(pathText)
  if (work.length === 0) {
    const all: KeptRef[] =
      head === undefined
        ? [...kept]
        : [{ ref: earlier === undefined ? ref : keepAs, commit: head, what: 'commits' }, ...kept]
    const created = await createRefs(repository, all)
    if (!created.ok) return created
    const unseen = await newIgnored(repository, workspace)
    if (!unseen.ok) return unseen
    const shown = unseen.value.slice(0, maxPathsShown).map(pathText)
    return ok({ type: 'unchanged', kept: all, leftOut: named, hidden, ignored, newIgnored: shown })
  }
  const place = workspacePlace(repository, workspace)
  const notItsWork = [...leftOut, ...leavings]
  const reset = await resetEntries(place, notItsWork)
  if (!reset.ok) return gitFailed(reset.error)
  const tree = notItsWork.length === 0 ? ok(whole) : await git<TreeId>(place, ['write-tree'])
  if (!tree.ok) return gitFailed(tree.error)
  const own = ownParents(base, raw ?? head, onBase)
  const parents = earlier === undefined ? own : [...own, earlier]
  const commit = await commitTree(repository, tree.value, parents, message)
  if (!commit.ok) return gitFailed(commit.error)
  const created = await createRefs(repository, [{ ref, commit: commit.value }, ...kept], earlier)
  if (!created.ok) return created
  const changedPaths = work.slice(0, maxPathsShown).map(({ path }) => pathText(path))
  const changes = work.length
  const changed = watched.filter((path) => work.some((change) => change.path === gitPath(path)))
  const candidate = { ref, commit: commit.value, tree: tree.value, parents }
  const left = { leftOut: named, hidden, ignored }
  return ok({ type: 'candidate', ...candidate, changedPaths, changes, ...left, watched: changed, kept })
}

function ownParents(base: CommitId, made: CommitId | undefined, onBase: boolean): CommitId[] {
  if (made === undefined) return [base]
  return onBase ? [made] : [base, made]
}

/**
 * Writes all refs or none, and none that exists, except that the first one moves on from `earlier`: each round of an
 * attempt writes it once, the others are written only once.
 */
async function createRefs(
  repository: Repository,
  refs: readonly Pick<KeptRef, 'ref' | 'commit'>[],
  earlier?: CommitId,
): Promise<Result<void, Failure>> {
  if (refs.length === 0) return ok(undefined)
  const created = await changeRefs(
    repository,
    refs.map(({ ref, commit }, index) =>
      index === 0 && earlier !== undefined ? `update ${ref} ${commit} ${earlier}` : `create ${ref} ${commit}`,
    ),
  )
  return created.ok ? ok(undefined) : gitFailed(created.error)
}
