import { copyFile, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, type Failure } from '../domain/failure.js'
import { err, ok, type Result } from '../domain/result.js'
import { git, gitBytes } from '../platform/git.js'
import { arm, withPatterns } from './arm.js'
import type { Repository } from './contract.js'
import { copyPaths } from './copy.js'
import { excludePattern, gitPath, isWithin, pathText, splitNul } from './git-path.js'
import { absentMode, diffIndex } from './index-changes.js'
import { gitFailed } from './merge.js'
import { filledSubmodules, findObstacles, unignored } from './nested-repositories.js'
import {
  checkInPlace,
  directoryIdentity,
  exemptPaths,
  indexFileOf,
  onFileSystem,
  withExcludes,
  workspacePlace,
  type Workspace,
} from './workspace.js'

/** Runs the user's setup command, through a shell, in a directory. */
export type RunSetup = (command: string, cwd: string) => Promise<Result<void, Failure>>

/** How workspaces are furnished beyond what git checks out. */
export interface Furniture {
  /** A command of the user's, run once in each new workspace. */
  readonly setup?: string
  /** Paths relative to the root that are copied from the user's tree, untracked ones such as `.env`. */
  readonly copy: readonly string[]
  /** Tracked files that setup changed are put back, since exactly the commit's tree is to be judged. */
  readonly exact?: boolean
  readonly runSetup: RunSetup
}

/** Where a new workspace comes to lie. */
export interface Place {
  readonly number: number
  /** Its work tree; must not exist. */
  readonly root: string
  /** Its trusted state; must not exist. */
  readonly stateDir: string
}

/** More kept paths than this do not fit well on a command line. */
const maxSetupPaths = 200

/**
 * Makes a workspace at a commit: one process, `read-tree`; with setup four more, `ls-files`, `add` and `diff-index` to
 * know what setup left, and what the command itself starts.
 */
export async function makeWorkspace(
  repository: Repository,
  place: Place,
  commit: string,
  furniture: Furniture,
): Promise<Result<Workspace, Failure>> {
  const made = await onFileSystem('Making a workspace', () => makeDirectories(repository, place, commit, furniture))
  if (!made.ok) return made
  const workspace = made.value
  const filled = await fill(repository, workspace, commit, furniture)
  if (!filled.ok) return filled
  const { setup, runSetup, exact = false } = furniture
  if (setup !== undefined) {
    // With a `.git` of its own, a setup that looks for one does not find that of some directory above.
    const armed = await arm(repository, workspace)
    if (!armed.ok) return armed
    const ran = await runSetup(setup, workspace.root)
    if (!ran.ok) return ran
    const recorded = await recordSetup(repository, workspace)
    if (!recorded.ok) return recorded
    const refilled = exact ? await fill(repository, workspace, commit, furniture) : ok(undefined)
    if (!refilled.ok) return refilled
  }
  return ok(workspace)
}

async function makeDirectories(
  { trusted }: Repository,
  { number, root, stateDir }: Place,
  commit: string,
  { copy }: Furniture,
): Promise<Workspace> {
  await mkdir(root, { mode: 0o700 })
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const copied = copy.map((path) => gitPath(path.replace(/^(\.\/)+|\/+$/g, '')))
  if (copied.length > 0) {
    // Where the trusted git directory keeps its copy of the user's own excludes file.
    const excludes = await readFile(join(trusted.gitDir, 'excludes'), 'latin1').catch(() => '')
    await writeFile(join(stateDir, 'excludes'), withPatterns(excludes, copied), { encoding: 'latin1', mode: 0o600 })
  }
  const identity = (await directoryIdentity(root)) ?? ''
  return {
    number,
    root: await realpath(root),
    stateDir,
    identity,
    copied,
    commit,
    leavings: new Map(),
    reusable: true,
    setupPaths: [],
    state: 'prepared',
  }
}

/** Puts index and work tree at a commit, whatever they held: only files that differ are written. */
export async function checkOut(
  repository: Repository,
  workspace: Workspace,
  commit: string,
): Promise<Result<void, Failure>> {
  const read = await git(workspacePlace(repository, workspace), ['read-tree', '-u', '--reset', commit])
  if (!read.ok) return gitFailed(read.error)
  workspace.commit = commit
  return ok(undefined)
}

/** The files of a commit, and those that are copied from the user's tree. */
async function fill(
  repository: Repository,
  workspace: Workspace,
  commit: string,
  { copy }: Furniture,
): Promise<Result<void, Failure>> {
  const checkedOut = await checkOut(repository, workspace, commit)
  return checkedOut.ok ? copyPaths(repository.root, workspace.root, copy) : checkedOut
}

/**
 * Remembers what setup left. Paths it made outlive the cleaning between attempts; files that are not ignored and stay
 * as it left them are nobody's work, so they are not collected.
 */
async function recordSetup(repository: Repository, workspace: Workspace): Promise<Result<void, Failure>> {
  const place = workspacePlace(repository, workspace)
  const submodules = repository.gitlinks.map(gitPath)
  const { repositories } = await findObstacles(workspace.root, exemptPaths(workspace))
  const nested = await unignored(place, repositories, submodules)
  const obstacles = [...nested, ...(await filledSubmodules(workspace.root, submodules))]
  if (obstacles.length > 0) {
    const message = `setup left a git repository that is not ignored: ${obstacles.slice(0, 3).map(pathText).join(', ')}.`
    return err(failure('infrastructure', message, { paths: obstacles.map(pathText) }))
  }
  const others = await gitBytes(place, ['ls-files', '--others', '--directory', '-z'])
  if (!others.ok) return gitFailed(others.error)
  const made = splitNul(others.value).map((path) => path.replace(/\/$/, ''))
  workspace.setupPaths = made.filter((path) => !isWithin(path, workspace.copied))
  const leavings = await readLeavings(repository, workspace)
  if (!leavings.ok) return leavings
  workspace.reusable = !leavings.value && workspace.setupPaths.length <= maxSetupPaths
  return ok(undefined)
}

/** Fills the workspace's leavings; says whether there are new files among them, which would outlive an attempt changed. */
async function readLeavings(repository: Repository, workspace: Workspace): Promise<Result<boolean, Failure>> {
  const indexFile = join(workspace.stateDir, 'setup-index')
  const copied = await onFileSystem('Copying an index', () => copyFile(indexFileOf(workspace), indexFile))
  if (!copied.ok) return copied
  const place = { ...workspacePlace(repository, workspace), indexFile }
  const added = await git(place, withExcludes(workspace, ['add', '-A', '--', '.']))
  if (!added.ok) return gitFailed(added.error)
  const changes = await diffIndex(place, workspace.commit)
  await rm(indexFile, { force: true })
  if (!changes.ok) return gitFailed(changes.error)
  workspace.leavings = new Map(changes.value.map(({ path, newMode, newOid }) => [path, `${newMode} ${newOid}`]))
  return ok(changes.value.some(({ oldMode }) => oldMode === absentMode))
}

/**
 * Makes a used workspace as good as new at a commit: `clean`, then `read-tree`. In this order, as a directory that
 * became a link must be gone before git compares what seems to lie in it. Any failure means: make a new one.
 */
export async function renew(
  repository: Repository,
  workspace: Workspace,
  commit: string,
  furniture: Furniture,
): Promise<Result<void, Failure>> {
  const inPlace = await checkInPlace(workspace)
  if (!inPlace.ok) return inPlace
  const { repositories, pipes } = await findObstacles(workspace.root, workspace.setupPaths)
  const filled = await filledSubmodules(workspace.root, repository.gitlinks.map(gitPath))
  const obstacles = [...repositories, ...pipes, ...filled]
  if (!workspace.reusable || obstacles.length > 0) {
    return err(failure('collect', 'The workspace cannot be used again.', { paths: obstacles.map(pathText) }))
  }
  const keep = workspace.setupPaths.flatMap((path) => ['-e', Buffer.from(excludePattern(path), 'latin1').toString()])
  const cleaned = await git(workspacePlace(repository, workspace), ['clean', '-ffdxq', ...keep])
  if (!cleaned.ok) return gitFailed(cleaned.error)
  return fill(repository, workspace, commit, furniture)
}
