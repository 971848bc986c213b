import { failure, type Failure } from '../domain/failure.js'
import { err, ok, type Result } from '../domain/result.js'
import { formatGitFailure, git, isMachineTrouble, type GitFailure } from '../platform/git.js'
import type { Repository } from './contract.js'
import { pathText, type GitPath } from './git-path.js'
import { commitTree } from './sessions.js'

/** git could not combine two commits. */
export interface Conflict {
  /** Clean for display, at most {@link maxPaths} of them. */
  readonly paths: readonly string[]
  /** All that the conflict touched. */
  readonly touched: readonly GitPath[]
  /** What git made of it all the same: with markers in the files that it could not combine. */
  readonly tree: string
  /** What git says about it, in its own words. */
  readonly notes: readonly ConflictNote[]
  /** What the two sides are called in its markers. */
  readonly labels: readonly string[]
}

export interface ConflictNote {
  readonly paths: readonly GitPath[]
  /** Not clean: names of files are in it. */
  readonly text: string
}

const maxPaths = 100

/** A full object id, of either format. */
const objectId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * Combines work with a tip, by what has changed on either side since the commit at which the work began. Where the target
 * was rewritten, git's own merge base lies before that: what a person has thrown off would come back with the work.
 *
 * git before 2.40 cannot be told a merge base, so there the three trees get commits of their own, on no ref.
 */
export async function mergeWork(
  repository: Repository,
  tip: string,
  work: { readonly commit: string; readonly base: string },
): ReturnType<typeof mergeTrees> {
  // Status 1 means that it is none; where git cannot tell, its own merge base is as good.
  const leads = await git(repository.trusted, ['merge-base', '--is-ancestor', work.base, tip])
  if (leads.ok || leads.error.exit.type !== 'code' || leads.error.exit.code !== 1)
    return mergeTrees(repository, tip, work.commit)
  const trees = await git(
    repository.trusted,
    ['rev-parse'].concat([work.base, tip, work.commit].map((id) => `${id}^{tree}`)),
  )
  if (!trees.ok) return trees
  const [base = '', ours = '', theirs = ''] = trees.value.split('\n')
  const began = await commitTree(repository, base, [], onlyForMerging)
  if (!began.ok) return began
  const tipOn = await commitTree(repository, ours, [began.value], onlyForMerging)
  if (!tipOn.ok) return tipOn
  const workOn = await commitTree(repository, theirs, [began.value], `${onlyForMerging}\nThe work\n`)
  return workOn.ok ? mergeTrees(repository, tipOn.value, workOn.value) : workOn
}

const onlyForMerging = 'Only for merging\n'

/**
 * Combines two commits without a work tree and gives the merged tree. Runs in the trusted directory: attributes and
 * merge drivers of the user's repository do not count there.
 *
 * Source: git-merge-tree(1): status 0 or 1 and the tree's id first, then with `-z --name-only` the conflicting paths,
 * each ended by NUL, an empty one, and what git says: the number of paths, those, a type and a text, over and over. A missing object also ends with status 1, without an id: that is no conflict.
 */
export async function mergeTrees(
  { trusted }: Repository,
  ours: string,
  theirs: string,
): Promise<Result<{ tree: string } | { conflict: Conflict }, GitFailure>> {
  const merged = await git(trusted, ['merge-tree', '--write-tree', '-z', '--name-only', ours, theirs])
  const output = merged.ok ? merged.value : merged.error.stdout.toString('latin1')
  const [tree, ...rest] = output.split('\0')
  const known = tree !== undefined && objectId.test(tree)
  if (merged.ok) return known ? ok({ tree }) : unreadable(merged.value)
  if (!known || merged.error.exit.type !== 'code' || merged.error.exit.code !== 1) return merged
  const end = rest.indexOf('')
  const touched = [...new Set(end < 0 ? rest : rest.slice(0, end))]
  const notes = end < 0 ? [] : parseNotes(rest.slice(end + 1))
  return ok({
    conflict: { tree, touched, notes, paths: touched.slice(0, maxPaths).map(pathText), labels: [ours, theirs] },
  })
}

function parseNotes(fields: readonly string[]): ConflictNote[] {
  const notes: ConflictNote[] = []
  for (let at = 0; at < fields.length;) {
    const count = Number(fields[at])
    if (fields[at] === '' || !Number.isSafeInteger(count)) break
    const [type = '', text = ''] = fields.slice(at + 1 + count)
    const paths = fields.slice(at + 1, at + 1 + count)
    if (type.startsWith('CONFLICT')) notes.push({ paths, text: Buffer.from(text, 'latin1').toString('utf8') })
    at += count + 3
  }
  return notes
}

function unreadable(stdout: string) {
  const stderr = 'fatal: the answer has no tree'
  return err<GitFailure>({ args: ['merge-tree'], exit: { type: 'code', code: 0 }, stderr, stdout: Buffer.from(stdout) })
}

/** git could not read what an agent left: what is there is not as it should be, unless git itself came to grief. */
export function notReadable(what: string, failed: GitFailure, paths?: readonly string[]) {
  const kind = isMachineTrouble(failed) ? 'infrastructure' : 'collect'
  return err(failure(kind, `${what}: ${formatGitFailure(failed)}`, paths ? { paths } : {}))
}

/** A step of autopilot's own git that failed, as the attempt's failure: not the agent's fault. */
export function gitFailed(failed: GitFailure): { readonly ok: false; readonly error: Failure } {
  return err(failure('infrastructure', formatGitFailure(failed)))
}
