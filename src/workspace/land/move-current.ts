import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitId, RefName } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { cleanLine, listFirst } from '../../domain/text.js'
import { git } from '../../platform/git/git.js'
import { formatGitFailure, type GitFailure } from '../../platform/git/git-failure.js'
import type { GitSession } from '../../platform/git/git-session.js'
import { forgetLanding, noteLanding } from './broken-landing.js'
import { standsOn } from '../repository/checked-out.js'
import type { CurrentTree, TargetMove, Repository, Target } from '../contract.js'
import { pathText } from '../git-path.js'
import { findInTheWay, treePlace } from '../repository/in-the-way.js'
import { overtaken } from './overtaken.js'
import { readRef } from '../refs/ref-name.js'
import { findUnderWay } from '../git/under-way.js'
import { withUserCone } from '../repository/user-cone.js'
import { onFileSystem } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

/** How often to try again for a lock that another git holds. */
const pauseMs = 100
/** A running git holds its lock for less time, except one that waits for an editor. */
const patienceMs = 30_000

/**
 * Moves the user's own branch together with their index and files. The order makes it safe: first the refs are locked
 * (the branch, at the tip that autopilot knows, and HEAD); then git updates index and files, and refuses if it would
 * overwrite something; only then the branch moves. If the user's git runs at the same time, it meets one of the two
 * locks, or finds that the branch has moved. Usually two processes, `diff-tree` and `read-tree`.
 */
export async function moveCurrent(
  repository: Repository,
  target: Target,
  tree: CurrentTree,
  commit: CommitId,
): Promise<Result<TargetMove | { readonly type: 'left' }, Failure>> {
  const change = { from: target.tip, to: commit }
  for (let waited = 0; ; waited += pauseMs) {
    const locked = await lockRefs(tree.refs, target.ref, change)
    if (!locked.ok) return refused(repository, target, locked.error)
    const moved = await moveTree(repository, target, change)
    if (moved === 'locked' && waited < patienceMs) {
      await endLock(tree.refs, 'abort')
      await tree.pause(pauseMs)
      continue
    }
    if (moved !== 'moved') {
      await endLock(tree.refs, 'abort')
      return moved === 'left' ? ok({ type: 'left' }) : err(moved === 'locked' ? indexLocked(repository) : moved)
    }
    const ended = await endLock(tree.refs, 'commit')
    // If git was killed, the branch itself shows whether it has moved.
    if (!ended.ok && (await readRef(repository, target.ref)) !== commit) {
      await onFileSystem('Putting your files back', () => readTree(repository, { from: commit, to: target.tip }))
      await forgetLanding(repository)
      return lockLeft(repository, target) ?? refused(repository, target, ended.error)
    }
    await forgetLanding(repository)
    target.tip = commit
    return ok({ type: 'moved' })
  }
}

interface TipMove {
  readonly from: CommitId
  readonly to: CommitId
}

/**
 * From here to {@link endLock} nobody else can move the branch, or HEAD away from it. Source: git-update-ref(1),
 * `prepare`.
 */
function lockRefs(refs: GitSession, ref: RefName, { from, to }: TipMove): Promise<Result<string, GitFailure>> {
  const question = `start\nupdate ${ref} ${to} ${from}\nprepare\n`
  return refs.ask(question, (answer) => answer.endsWith('prepare: ok\n'))
}

function endLock(refs: GitSession, how: 'commit' | 'abort'): Promise<Result<string, GitFailure>> {
  return refs.followUp(`${how}\n`, (answer) => answer.endsWith(`${how}: ok\n`))
}

/** If git is killed while it holds both locks, its lock files block every other git. */
function lockLeft({ root, gitDir, commonDir }: Repository, { ref }: Target): Result<never, Failure> | undefined {
  const left = [join(commonDir, `${ref}.lock`), join(gitDir, 'HEAD.lock')].filter((path) => existsSync(path))
  if (left.length === 0) return undefined
  const shown = left.map((path) => cleanLine(path, 300)).join(' and ')
  const message = `git was killed while it landed work in ${cleanLine(root, 300)}; your branch and files are as before. It left ${shown}: if no git is running there, remove that and run again.`
  return err(failure('target', message))
}

/** `left`: the user has switched to another branch meanwhile. `locked`: their own git is using the index. */
async function moveTree(
  repository: Repository,
  { ref }: Target,
  change: TipMove,
): Promise<'moved' | 'left' | 'locked' | Failure> {
  const { root, gitDir } = repository
  if (!(await standsOn(gitDir, ref))) return 'left'
  const underWay = await findUnderWay(gitDir)
  if (underWay !== undefined)
    return failure('target', `${underWay} is in progress in ${cleanLine(root, 300)}. Finish it, then run again.`)
  if (await hasSplitIndex(gitDir)) return failure('target', `${splitIndex.message} ${splitIndex.help}`)
  const inTheWay = await findInTheWay(treePlace(repository), change.from, change.to)
  if (!inTheWay.ok) return gitFailed(inTheWay.error).error
  if (inTheWay.value.length > 0) return wouldOverwrite(root, inTheWay.value.map(pathText))
  const noted = await onFileSystem('Recording the landing', () => noteLanding(repository, { ref, ...change }))
  if (!noted.ok) return noted.error
  const tried = await onFileSystem('Landing in your files', () => readTree(repository, change))
  const read = tried.ok ? tried.value : tried
  if (read.ok) return 'moved'
  await forgetLanding(repository)
  if (!('stderr' in read.error)) return read.error
  return isLocked(read.error) ? 'locked' : notRead(root, read.error)
}

/** git would look for the other half of such an index in its own git directory. */
export async function hasSplitIndex(gitDir: string): Promise<boolean> {
  const names = await readdir(gitDir).catch(() => [])
  return names.some((name) => name.startsWith('sharedindex.'))
}

export const splitIndex = {
  message: 'The index is split into two files (core.splitIndex), and autopilot cannot update such an index.',
  help: 'Join them: git update-index --no-split-index, and remove .git/sharedindex.*; or omit --target current.',
} as const

/**
 * Updates index and files from one commit to another. A path that is the same in both stays as the user has it; any
 * other must be exactly as in the first. git decides that by what it remembers of each file, so the second try follows
 * a look at the files themselves. Source: git-read-tree(1), two tree merge.
 */
async function readTree(repository: Repository, { from, to }: TipMove): Promise<Result<string, GitFailure>> {
  const { place, settings, options } = await withUserCone(repository, treePlace(repository))
  const args = [...settings, 'read-tree', '-m', '-u', from, to]
  const read = await git(place, args, options)
  if (read.ok || isLocked(read.error)) return read
  await git(place, [...settings, 'update-index', '-q', '--refresh'], options)
  return git(place, args, options)
}

/** Source: git's lockfile.c, `Unable to create '…/index.lock': File exists.` */
function isLocked({ stderr }: GitFailure): boolean {
  return stderr.includes("index.lock': File exists")
}

function indexLocked({ root, gitDir }: Repository): Failure {
  const lock = cleanLine(join(gitDir, 'index.lock'), 300)
  const message = `Nothing can land in ${cleanLine(root, 300)}: ${lock} has been there for ${patienceMs / 1000} s. If no git is running, remove that file and run again.`
  return failure('target', message)
}

/** Source: git's unpack-trees.c, the messages of plumbing commands; they name one path. */
const named = /^error: (?:Entry|Untracked working tree file|Updating) '(.+?)'/m

function notRead(root: string, failed: GitFailure): Failure {
  const path = named.exec(failed.stderr)?.[1]
  if (path !== undefined) return wouldOverwrite(root, [cleanLine(path, 300)])
  const message = `The files in ${cleanLine(root, 300)} could not be updated to the new commit: ${formatGitFailure(failed)}. Check git status there, then run again.`
  return failure('target', message)
}

const maxPaths = 100

function wouldOverwrite(root: string, paths: readonly string[]): Failure {
  const shown = listFirst(paths, 3, (path) => path)
  const message = `Landing would overwrite uncommitted files in ${cleanLine(root, 300)}: ${shown}. Nothing there was changed. Commit it or move it away, then run again.`
  return failure('target', message, { paths: paths.slice(0, maxPaths) })
}

/** A branch that no longer exists has been left, too. */
async function refused(repository: Repository, target: Target, error: GitFailure) {
  return ok((await overtaken(repository, target, error)) ?? ({ type: 'left' } as const))
}
