import type { CommitId } from '../../domain/brand.js'
import { ok, type Result } from '../../domain/result.js'
import { git, gitBytes, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'

/** If the user's history has all of a target's work, but not its commits: it was squashed, or rebased. */
export interface Squashed {
  /** The last commit in HEAD's history that has all of it. */
  readonly by: CommitId
  /**
   * HEAD has since changed a file that the target had changed: a merge would conflict, or bring back the old content.
   */
  readonly isEdited: boolean
}

interface Tips {
  readonly tip: CommitId
  readonly head: CommitId
}

interface Branch extends Tips {
  /** The target's short name. */
  readonly branch: string
}

/**
 * Whether everything on a target is in HEAD's history: a commit that HEAD has and the target lacks has the same tree,
 * or its change is the target's whole change as one patch, byte for byte. One more commit on the target, and there is
 * no match; nor for a user's own branch with somebody else's commits, which only they may reset. Reads only; two to
 * about ten processes.
 */
export async function findSquashed(
  place: GitPlace,
  { branch, ...tips }: Branch,
): Promise<Result<Squashed | undefined, GitFailure>> {
  const common = await meetingPoint(place, tips)
  if (!common.ok) return common
  // If one contains all commits of the other, it is fast-forwarded.
  if (common.value === undefined || common.value === tips.tip || common.value === tips.head) return ok(undefined)
  const by = await commitWithAll(place, tips, common.value)
  if (!by.ok) return by
  if (by.value === undefined) return ok(undefined)
  const isOwn = branch.startsWith('autopilot/') ? ok(true) : await isAllOfRuns(place, tips)
  if (!isOwn.ok) return isOwn
  if (!isOwn.value) return ok(undefined)
  const ours = await changedBetween(place, common.value, tips.tip)
  if (!ours.ok) return ours
  const since = await changedBetween(place, by.value, tips.head)
  if (!since.ok) return since
  return ok({ by: by.value, isEdited: since.value.some((path) => ours.value.includes(path)) })
}

/** The common ancestor of two histories; undefined unless there is exactly one. */
async function meetingPoint(place: GitPlace, { tip, head }: Tips): Promise<Result<CommitId | undefined, GitFailure>> {
  const bases = await git<CommitId>(place, ['merge-base', '--all', tip, head])
  if (bases.ok) return ok(bases.value.includes('\n') ? undefined : bases.value)
  return bases.error.exit.type === 'code' && bases.error.exit.code === 1 ? ok(undefined) : bases
}

/** Whether a run made every commit that the target has and HEAD lacks. */
async function isAllOfRuns(place: GitPlace, { tip, head }: Tips): Promise<Result<boolean, GitFailure>> {
  const format = '--format=%x01%(trailers:key=Autopilot-Run,valueonly,separator=%x2C)'
  const log = await git(place, ['log', format, tip, '--not', head, '--'])
  return log.ok ? ok(!log.value.split('\n').includes('\x01')) : log
}

async function commitWithAll(
  place: GitPlace,
  { tip, head }: Tips,
  common: CommitId,
): Promise<Result<CommitId | undefined, GitFailure>> {
  const tree = await git(place, ['rev-parse', `${tip}^{tree}`])
  if (!tree.ok) return tree
  const log = await git(place, ['log', `--max-count=${maxCommits}`, '--format=%H %T', head, '--not', tip, '--'])
  if (!log.ok) return log
  const same = log.value.split('\n').find((line) => line.endsWith(` ${tree.value}`))
  if (same !== undefined) return ok(same.split(' ')[0] as CommitId)
  return asOnePatch(place, { tip, head }, common)
}

const maxCommits = 20_000

/** Independent of configuration, because a dry run reads the user's own. */
const plain = ['--no-renames', '--ignore-submodules=none']

/**
 * The last commit whose change is the same as from the `common` ancestor to the tip. Only commits that change the same files are
 * compared.
 */
async function asOnePatch(
  place: GitPlace,
  { tip, head }: Tips,
  common: CommitId,
): Promise<Result<CommitId | undefined, GitFailure>> {
  const names = [...plain, '--name-only', `--max-count=${maxPatches}`, '--no-merges', '--format=%x01%H']
  const wanted = await git(place, ['diff-tree', '-r', ...plain, '--name-only', common, tip])
  if (!wanted.ok || wanted.value === '') return wanted.ok ? ok(undefined) : wanted
  const log = await git(place, ['log', ...names, head, '--not', tip, '--'])
  if (!log.ok) return log
  const alike = log.value.split('\x01').flatMap((entry) => {
    const [id = '', ...paths] = entry.split('\n').filter((line) => line !== '')
    const commit = id as CommitId
    return paths.sort().join('\n') === wanted.value.split('\n').sort().join('\n') ? [commit] : []
  })
  const whole = alike.length === 0 ? undefined : await patchOf(place, common, tip)
  if (whole?.ok === false) return whole
  for (const commit of alike.slice(0, maxCompared)) {
    const patch = await patchOf(place, `${commit}^`, commit)
    if (patch.ok && whole?.value.equals(patch.value)) return ok(commit)
  }
  return ok(undefined)
}

const maxPatches = 5_000
const maxCompared = 50

/**
 * The change between two commits as text, with the whole content of binary files. Blob ids are left out, because they
 * differ if anything else in the file does; everything else must be the same, including positions.
 */
async function patchOf(place: GitPlace, from: string, to: string): Promise<Result<Buffer, GitFailure>> {
  const form = [...plain, '--binary', '--full-index', '--no-ext-diff', '--no-textconv', '--no-color', '-U3']
  const patch = await gitBytes(place, ['diff-tree', '-p', ...form, from, to])
  if (!patch.ok) return patch
  // Lines of content begin with a sign, so none of them is mistaken for a header.
  const text = patch.value.toString('latin1').replace(/^index [0-9a-f]+\.\.[0-9a-f]+/gm, 'index')
  return ok(Buffer.from(text, 'latin1'))
}

async function changedBetween(
  place: GitPlace,
  from: string,
  to: string,
): Promise<Result<readonly string[], GitFailure>> {
  const listed = await git(place, ['diff-tree', '-r', '-z', ...plain, '--name-only', from, to])
  return listed.ok ? ok(listed.value.split('\0').filter((path) => path !== '')) : listed
}
