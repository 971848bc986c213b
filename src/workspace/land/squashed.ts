import { ok, type Result } from '../../domain/result.js'
import { git, gitBytes, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'

/** Where the user's history has all of a target, though not its commits: it was squashed, or rebased. */
export interface Squashed {
  /** The last commit in HEAD's history that has all of it. */
  readonly by: string
  /** HEAD has since changed a file that the target had changed: a merge would conflict, or bring back what was there. */
  readonly isEdited: boolean
}

interface Apart {
  readonly tip: string
  readonly head: string
}

interface Branch extends Apart {
  /** The target's short name. */
  readonly branch: string
}

/**
 * Whether all that a target has is in HEAD's history: a commit that HEAD has and the target has not is of the same tree, or
 * its change is the target's whole change, byte for byte, as one patch. One commit more on the target, and there is none;
 * nor of a branch of the user's own that has commits of somebody else, which nobody but they may set back. Reads only; two
 * processes up to about ten.
 */
export async function findSquashed(
  place: GitPlace,
  { branch, ...apart }: Branch,
): Promise<Result<Squashed | undefined, GitFailure>> {
  const before = await meetingPoint(place, apart)
  if (!before.ok) return before
  // One that has all of the other's commits is moved forward.
  if (before.value === undefined || before.value === apart.tip || before.value === apart.head) return ok(undefined)
  const by = await whichHasAll(place, apart, before.value)
  if (!by.ok) return by
  if (by.value === undefined) return ok(undefined)
  const isOwn = branch.startsWith('autopilot/') ? ok(true) : await isAllOfRuns(place, apart)
  if (!isOwn.ok) return isOwn
  if (!isOwn.value) return ok(undefined)
  const ours = await changedBetween(place, before.value, apart.tip)
  if (!ours.ok) return ours
  const since = await changedBetween(place, by.value, apart.head)
  if (!since.ok) return since
  return ok({ by: by.value, isEdited: since.value.some((path) => ours.value.includes(path)) })
}

/** Where two histories part; undefined where that is not one commit. */
async function meetingPoint(place: GitPlace, { tip, head }: Apart): Promise<Result<string | undefined, GitFailure>> {
  const bases = await git(place, ['merge-base', '--all', tip, head])
  if (bases.ok) return ok(bases.value.includes('\n') ? undefined : bases.value)
  return bases.error.exit.type === 'code' && bases.error.exit.code === 1 ? ok(undefined) : bases
}

/** Whether every commit that the target has and HEAD has not was made by a run. */
async function isAllOfRuns(place: GitPlace, { tip, head }: Apart): Promise<Result<boolean, GitFailure>> {
  const format = '--format=%x01%(trailers:key=Autopilot-Run,valueonly,separator=%x2C)'
  const log = await git(place, ['log', format, tip, '--not', head, '--'])
  return log.ok ? ok(!log.value.split('\n').includes('\x01')) : log
}

async function whichHasAll(
  place: GitPlace,
  { tip, head }: Apart,
  before: string,
): Promise<Result<string | undefined, GitFailure>> {
  const tree = await git(place, ['rev-parse', `${tip}^{tree}`])
  if (!tree.ok) return tree
  const log = await git(place, ['log', `--max-count=${mostCommits}`, '--format=%H %T', head, '--not', tip, '--'])
  if (!log.ok) return log
  const same = log.value.split('\n').find((line) => line.endsWith(` ${tree.value}`))
  if (same !== undefined) return ok(same.split(' ')[0])
  return asOnePatch(place, { tip, head }, before)
}

const mostCommits = 20_000

/** Whatever a configuration says: a dry run looks under the user's own. */
const plain = ['--no-renames', '--ignore-submodules=none']

/** The last commit whose change is that from `before` to the tip. Only such are compared as change the same files. */
async function asOnePatch(
  place: GitPlace,
  { tip, head }: Apart,
  before: string,
): Promise<Result<string | undefined, GitFailure>> {
  const names = [...plain, '--name-only', `--max-count=${mostPatches}`, '--no-merges', '--format=%x01%H']
  const wanted = await git(place, ['diff-tree', '-r', ...plain, '--name-only', before, tip])
  if (!wanted.ok || wanted.value === '') return wanted.ok ? ok(undefined) : wanted
  const log = await git(place, ['log', ...names, head, '--not', tip, '--'])
  if (!log.ok) return log
  const alike = log.value.split('\x01').flatMap((entry) => {
    const [commit = '', ...paths] = entry.split('\n').filter((line) => line !== '')
    return paths.sort().join('\n') === wanted.value.split('\n').sort().join('\n') ? [commit] : []
  })
  const whole = alike.length === 0 ? undefined : await patchOf(place, before, tip)
  if (whole?.ok === false) return whole
  for (const commit of alike.slice(0, mostCompared)) {
    const patch = await patchOf(place, `${commit}^`, commit)
    if (patch.ok && whole?.value.equals(patch.value)) return ok(commit)
  }
  return ok(undefined)
}

const mostPatches = 5_000
const mostCompared = 50

/**
 * The change between two commits as text, with the whole of binary files. Ids of blobs are left out, since those of a file
 * differ where something else in it does; everything else, the places in the files too, must be the same.
 */
async function patchOf(place: GitPlace, from: string, to: string): Promise<Result<Buffer, GitFailure>> {
  const form = [...plain, '--binary', '--full-index', '--no-ext-diff', '--no-textconv', '--no-color', '-U3']
  const patch = await gitBytes(place, ['diff-tree', '-p', ...form, from, to])
  if (!patch.ok) return patch
  // Lines of content begin with a sign, so none of them is taken for a header.
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
