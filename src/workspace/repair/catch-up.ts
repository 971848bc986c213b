import type { CommitId, TreeId } from '../../domain/brand.js'
import type { Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { git } from '../../platform/git/git.js'
import { arm, setBranch } from '../prepare/arm.js'
import { nothingWatched, watchMarkers, type MarkerWatch } from './conflict-markers.js'
import { addNote, conflictNote } from './conflict-note.js'
import type { Candidate, Repository } from '../contract.js'
import { mergeWork, type Conflict } from '../land/merge.js'
import { checkOut } from '../prepare/prepare.js'
import { commitTree } from '../git/sessions.js'
import { singleParent } from '../land/stack.js'
import { checkSeal } from '../repository/trusted.js'
import { checkInPlace, type Workspace } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

/** What another round of an attempt starts with. */
export interface CaughtUp {
  /** The work merged with the tip, as it is in the workspace. */
  readonly tree: TreeId
  /** The paths that git couldn't combine, cleaned for display; those files have markers as far as possible. */
  readonly conflicts: readonly string[]
  /** The file that describes conflicts without markers, if there are any. */
  readonly note?: string
  readonly watch: MarkerWatch
}

/** The work that goes on, and where markers may be left in it. */
export interface WatchedCandidate extends Candidate {
  readonly watch: MarkerWatch
}

/**
 * Merges a tip into a workspace whose work has just been collected, for another round of the same attempt: the merged
 * files are in the work tree, with markers where git couldn't combine them. HEAD of a fresh `.git` is a merge of the
 * two, the tip first. So an agent that puts its changes aside or throws them away loses a round's work at most, and
 * finds both sides there. Ignored files stay. One process, `read-tree`, if the tip hasn't moved; two more if it has;
 * some more with a conflict.
 */
export async function catchUp(
  repository: Repository,
  workspace: Workspace,
  work: WatchedCandidate,
  tip: CommitId,
  branch: string,
): Promise<Result<CaughtUp, Failure>> {
  const inPlace = checkInPlace(workspace)
  if (!inPlace.ok) return inPlace
  const sealed = checkSeal(repository)
  if (!sealed.ok) return sealed
  const merged = await combine(repository, work, tip)
  if (!merged.ok) return merged
  const both = await commitTree(repository, merged.value.tree, [tip, work.candidate], bothMessage)
  if (!both.ok) return gitFailed(both.error)
  const checkedOut = await checkOut(repository, workspace, both.value)
  if (!checkedOut.ok) return checkedOut
  const armed = await arm(repository, workspace)
  if (!armed.ok) return armed
  const stands = await setBranch(workspace, branch)
  return stands.ok ? merged : stands
}

/** Finds out again what {@link catchUp} watched in an attempt's earlier rounds: the same conflicts appear again. */
export async function watchAgain(
  repository: Repository,
  merges: readonly { readonly commit: CommitId; readonly base: CommitId; readonly tip: CommitId }[],
): Promise<Result<MarkerWatch, Failure>> {
  let watch = nothingWatched
  for (const { commit: candidate, base, tip } of merges) {
    const merged = await combine(repository, { candidate, base, message: bothMessage, watch }, tip)
    if (!merged.ok) return merged
    watch = merged.value.watch
  }
  return ok(watch)
}

const bothMessage = 'Refused work, merged with what others have finished\n'

async function combine(
  repository: Repository,
  work: WatchedCandidate,
  tip: CommitId,
): Promise<Result<CaughtUp, Failure>> {
  const single = await singleParent(repository, work)
  if (!single.ok) return gitFailed(single.error)
  const { commit, tree } = single.value
  if (tip === work.base) return ok({ tree, conflicts: [], watch: work.watch })
  const merged = await mergeWork(repository, tip, { commit, base: work.base })
  if (!merged.ok) return gitFailed(merged.error)
  if ('tree' in merged.value) return ok({ tree: merged.value.tree, conflicts: [], watch: work.watch })
  return placeConflict(repository, merged.value.conflict, [tip, commit], work.watch)
}

/** A conflict as an agent gets it: marked, described where marking isn't possible, and watched. */
async function placeConflict(
  repository: Repository,
  conflict: Conflict,
  merged: readonly [tip: CommitId, work: CommitId],
  earlier: MarkerWatch,
): Promise<Result<CaughtUp, Failure>> {
  const watched = await watchMarkers(repository, conflict, earlier)
  if (!watched.ok) return gitFailed(watched.error)
  const { watch, unmarked } = watched.value
  const placed = { conflicts: conflict.paths, watch }
  if (unmarked.length === 0) return ok({ ...placed, tree: conflict.tree })
  const noted = await addNote(repository, { conflict, paths: unmarked, merged })
  return noted.ok ? ok({ ...placed, tree: noted.value, note: conflictNote }) : gitFailed(noted.error)
}

/**
 * The changes of a tree against a commit, as text for an agent: `most` characters, cut at a line; `whole` shows the
 * rest.
 */
export async function diffText(
  { trusted }: Repository,
  base: CommitId,
  tree: TreeId,
  { most, whole }: { readonly most: number; readonly whole: string },
): Promise<string> {
  const diff = await git(trusted, ['diff-tree', '-p', '--no-ext-diff', '--no-textconv', '--no-color', base, tree])
  if (!diff.ok) return ''
  if (diff.value.length <= most) return diff.value
  const cut = diff.value.slice(0, most)
  return `${cut.slice(0, cut.lastIndexOf('\n'))}\n[… cut: \`${whole}\` shows all of it]`
}
