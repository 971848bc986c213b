import type { CommitId, TreeId } from '../../domain/brand.js'
import { err, ok, type Result } from '../../domain/result.js'
import { git, gitBytes, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import type { Repository } from '../contract.js'
import { fullId } from '../git/git-failed.js'
import { pathText, type GitPath } from '../git-path.js'
import { placeAttributes, withAttributesTree } from './merge-attributes.js'
import { commitTree, leadsBack } from '../git/sessions.js'

/** git could not combine two commits. */
export interface Conflict {
  /** Clean for display, at most {@link maxPaths} of them. */
  readonly paths: readonly string[]
  /** All that the conflict touched. */
  readonly touched: readonly GitPath[]
  /** The tree that git made anyway: with markers in the files that it couldn't combine. */
  readonly tree: TreeId
  /** Git's own words about it. */
  readonly notes: readonly ConflictNote[]
  /** The names of the two sides in its markers. */
  readonly labels: readonly string[]
}

export interface ConflictNote {
  readonly paths: readonly GitPath[]
  /** Not cleaned: it contains names of files. */
  readonly text: string
}

const maxPaths = 100

/**
 * Combines work with a tip, by what has changed on either side since the commit where the work started. If the target
 * was rewritten, git's own merge base is older than that, and what a person has removed would come back with the work.
 *
 * git before 2.40 can't be given a merge base, so there the three trees get commits of their own, on no ref.
 */
export async function mergeWork(
  repository: Repository,
  tip: CommitId,
  work: { readonly commit: CommitId; readonly base: CommitId },
): ReturnType<typeof mergeTrees> {
  if (leadsBack(repository.sessions, tip, work.base)) return mergeTrees(repository, tip, work.commit)
  // Status 1 means that it isn't an ancestor; if git can't tell, its own merge base is good enough.
  const leads = await git(repository.trusted, ['merge-base', '--is-ancestor', work.base, tip])
  if (leads.ok || leads.error.exit.type !== 'code' || leads.error.exit.code !== 1)
    return mergeTrees(repository, tip, work.commit)
  const trees = await git(
    repository.trusted,
    ['rev-parse'].concat([work.base, tip, work.commit].map((id) => `${id}^{tree}`)),
  )
  if (!trees.ok) return trees
  const [base, ours, theirs] = trees.value.split('\n') as [TreeId, TreeId, TreeId]
  const began = await commitTree(repository, base, [], onlyForMerging)
  if (!began.ok) return began
  const tipOn = await commitTree(repository, ours, [began.value], onlyForMerging)
  if (!tipOn.ok) return tipOn
  const workOn = await commitTree(repository, theirs, [began.value], `${onlyForMerging}\nThe work\n`)
  return workOn.ok ? mergeTrees(repository, tipOn.value, workOn.value) : workOn
}

const onlyForMerging = 'Only for merging\n'

/**
 * Combines two commits without their files and returns the merged tree. Attributes count as for plain git at `ours`:
 * `info/attributes` first, then those of its tree, then the user's own. Merge drivers are git's built-in ones: no
 * configuration with another one is read, and git treats an unknown one as `text`.
 *
 * A file that only one side changed is merged without attributes, so that costs one process. If git combined
 * something, one more process looks for attributes files, and if there are any, it merges again with them.
 */
export async function mergeTrees(
  repository: Pick<Repository, 'trusted' | 'commonDir'>,
  ours: CommitId,
  theirs: CommitId,
): Promise<Result<{ tree: TreeId } | { conflict: Conflict }, GitFailure>> {
  const merged = await withAttributesTree(repository, async (place) => {
    const plain = await mergeOnce(place, ours, theirs)
    if (!plain.ok || plain.value.told.length === 0) return plain
    const about = plain.value.told.flatMap(({ paths }) => paths)
    const placed = await placeAttributes(place, ours, [...about, ...plain.value.touched])
    if (!placed.ok) return placed
    return placed.value ? mergeOnce(place, ours, theirs) : plain
  })
  if (!merged.ok) return merged
  const { tree, isClean, touched, told } = merged.value
  if (isClean) return ok({ tree })
  const notes = told.filter(({ type }) => type.startsWith('CONFLICT'))
  return ok({
    conflict: { tree, touched, notes, paths: touched.slice(0, maxPaths).map(pathText), labels: [ours, theirs] },
  })
}

interface Merged {
  readonly tree: TreeId
  readonly isClean: boolean
  readonly touched: readonly GitPath[]
  readonly told: readonly (ConflictNote & { readonly type: string })[]
}

/**
 * Source: git-merge-tree(1): status 0 or 1 and the tree's id first; then, with `-z --name-only`, the conflicting
 * paths, each ended by NUL, an empty one, and git's messages: the number of paths, the paths, a type and a text,
 * repeatedly. There is a message (`Auto-merging`) for each file that both sides changed. A missing object also ends
 * with status 1, but without an id: that isn't a conflict.
 */
async function mergeOnce(place: GitPlace, ours: CommitId, theirs: CommitId): Promise<Result<Merged, GitFailure>> {
  const args = ['merge-tree', '--write-tree', '--messages', '-z', '--name-only', ours, theirs]
  const merged = await gitBytes(place, args)
  const output = merged.ok ? merged.value : merged.error.stdout
  const [tree = '', ...rest] = output.toString('latin1').split('\0')
  if (!fullId.test(tree)) return merged.ok ? unreadable(merged.value) : merged
  if (!merged.ok && (merged.error.exit.type !== 'code' || merged.error.exit.code !== 1)) return merged
  const end = rest.indexOf('')
  const touched = [...new Set(end < 0 ? rest : rest.slice(0, end))]
  return ok({ tree: tree as TreeId, isClean: merged.ok, touched, told: end < 0 ? [] : parseNotes(rest.slice(end + 1)) })
}

function parseNotes(fields: readonly string[]): Merged['told'] {
  const notes: Merged['told'][number][] = []
  for (let at = 0; at < fields.length;) {
    const count = Number(fields[at])
    if (fields[at] === '' || !Number.isSafeInteger(count)) break
    const [type = '', text = ''] = fields.slice(at + 1 + count)
    const paths = fields.slice(at + 1, at + 1 + count)
    notes.push({ type, paths, text: Buffer.from(text, 'latin1').toString('utf8') })
    at += count + 3
  }
  return notes
}

function unreadable(stdout: Buffer) {
  const stderr = 'fatal: the answer has no tree'
  return err<GitFailure>({ args: ['merge-tree'], exit: { type: 'code', code: 0 }, stderr, stdout })
}
