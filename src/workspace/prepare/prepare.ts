import { lstat, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { git } from '../../platform/git/git.js'
import { withPatterns } from './arm.js'
import type { Repository } from '../contract.js'
import { copyPaths, linkAbove } from './copy.js'
import { furnishedPaths, furniturePaths, listedPaths, type Furniture } from './furniture.js'
import { gitPath, isWithin, onDisk, pathText, type GitPath } from '../git-path.js'
import { linkPaths } from './link.js'
import { filledSubmodules, findObstacles } from '../git/nested-repositories.js'
import { writeNotes } from './notes.js'
import { cleanArgs, cleanSubmodules } from '../submodules/clean-submodules.js'
import { populate } from '../submodules/populate.js'
import { hideSubmodules } from '../submodules/submodule-git.js'
import { readSubmoduleNotes } from '../submodules/submodule-notes.js'
import { setUp, existingOf } from './set-up.js'
import { needsSetup, outgrows, stands } from './setup-stands.js'
import { checkSeal } from '../repository/trusted.js'
import {
  checkInPlace,
  directoryIdentity,
  homeIdentity,
  onFileSystem,
  workspacePlace,
  type Workspace,
} from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

/** Where a new workspace goes. */
export interface WorkspaceLocation {
  readonly number: number
  /** Its work tree; must not exist. */
  readonly root: string
  /** Its trusted state; must not exist yet. */
  readonly stateDir: string
}

/** Creates a workspace at a commit: one process, `read-tree`; with setup some more, see {@link setUp}. */
export async function makeWorkspace(
  repository: Repository,
  place: WorkspaceLocation,
  commit: CommitId,
  furniture: Furniture,
): Promise<Result<Workspace, Failure>> {
  const made = await onFileSystem('Creating a workspace', () => makeDirectories(repository, place, commit, furniture))
  if (!made.ok) return made
  const filled = await fill(repository, made.value, commit, furniture)
  const ready = filled.ok ? await setUpFromScratch(repository, made.value, commit, furniture) : filled
  return ready.ok ? made : ready
}

async function makeDirectories(
  { trusted }: Repository,
  { number, root, stateDir }: WorkspaceLocation,
  commit: CommitId,
  furniture: Furniture,
): Promise<Workspace> {
  await mkdir(root, { mode: 0o700 })
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const furnished = furnishedPaths(furniture)
  if (furnished.length > 0) {
    // Where the trusted git directory keeps its copy of the user's own excludes file.
    const excludes = await readFile(join(trusted.gitDir, 'excludes'), 'latin1').catch(() => '')
    await writeFile(join(stateDir, 'excludes'), withPatterns(excludes, furnished), { encoding: 'latin1', mode: 0o600 })
  }
  const identity = directoryIdentity(root) ?? ''
  return {
    number,
    root: await realpath(root),
    stateDir,
    identity,
    home: homeIdentity(dirname(root)),
    furnished,
    kept: listedPaths(furniture.keep),
    commit,
    leavings: new Map(),
    setupPaths: [],
    state: 'prepared',
  }
}

/** Moves index and work tree to a commit, whatever they held: only files that differ are written. */
export async function checkOut(
  repository: Repository,
  workspace: Workspace,
  commit: CommitId,
): Promise<Result<void, Failure>> {
  const sealed = checkSeal(repository)
  if (!sealed.ok) return sealed
  const hidden = await onFileSystem('Looking at submodules', () => hideSubmodules(workspace))
  if (!hidden.ok) return hidden
  const read = await git(workspacePlace(repository, workspace), ['read-tree', '-u', '--reset', commit])
  if (!read.ok) return gitFailed(read.error)
  workspace.commit = commit
  return populate(repository, workspace, commit)
}

/** The files of a commit, and those from the user's tree. */
async function fill(
  repository: Repository,
  workspace: Workspace,
  commit: CommitId,
  { copy, link = [] }: Furniture,
): Promise<Result<void, Failure>> {
  const checkedOut = await checkOut(repository, workspace, commit)
  if (!checkedOut.ok) return checkedOut
  const copied = await copyPaths(repository.root, workspace.root, copy)
  // Through the link, an agent would commit in the user's own submodule.
  const submodules = repository.gitlinks.map(gitPath)
  const led = furniturePaths(link).find((path) =>
    submodules.some((one) => isWithin(path, [one]) || isWithin(one, [path])),
  )
  if (led !== undefined) {
    const why =
      'is in a submodule of yours, or contains one, and agents would write into it; workspaces get its files without a link, or from setup:'
    return err(failure('infrastructure', `link: ${pathText(led)} ${why}.`))
  }
  if (!copied.ok) return copied
  // Copying has brought the user's `.git` along.
  const covered = submodules.some((path) => isWithin(path, furniturePaths(copy)))
  const populated = covered ? await populate(repository, workspace, commit) : ok(undefined)
  return populated.ok ? linkPaths(repository.root, workspace.root, link) : populated
}

async function setUpFromScratch(
  repository: Repository,
  workspace: Workspace,
  commit: CommitId,
  furniture: Furniture,
): Promise<Result<void, Failure>> {
  const ran = await setUp(repository, workspace, furniture)
  if (!ran.ok) return ran
  const noted = await onFileSystem('Recording a workspace', () => writeNotes(workspace))
  return noted.ok && furniture.exact && furniture.setup ? fill(repository, workspace, commit, furniture) : noted
}

/**
 * Makes a used workspace as good as new at a commit: `clean`, then `read-tree`, then setup if necessary. In this
 * order, because a directory that became a link must be gone before git compares what seems to be in it. After any
 * failure, create a new workspace instead.
 */
export async function renew(
  repository: Repository,
  workspace: Workspace,
  commit: CommitId,
  furniture: Furniture,
): Promise<Result<void, Failure>> {
  const inPlace = checkInPlace(workspace)
  if (!inPlace.ok) return inPlace
  const isPaid = furniture.keep === 'auto' && (await stands(repository, workspace, furniture, commit))
  const staying = furniture.keep === 'auto' ? (isPaid ? (workspace.setUp?.kept ?? []) : []) : workspace.kept
  workspace.holdsOlder = staying.length > 0
  const cleaned = await clean(repository, workspace, staying)
  if (!cleaned.ok) return cleaned
  const ready = await fill(repository, workspace, commit, furniture)
  if (!ready.ok) return ready
  if (isPaid && (await existingOf(workspace, staying)).length < staying.length) {
    return err(failure('infrastructure', 'Cleaning a workspace removed what setup had made.'))
  }
  // Setup's results are known to be untouched up to now.
  if (isPaid) return onFileSystem('Recording a workspace', () => writeNotes(workspace))
  const needed = furniture.keep === 'auto' ? furniture.setup : await needsSetup(repository, workspace, furniture)
  return needed ? setUpFromScratch(repository, workspace, commit, furniture) : ready
}

/** Removes everything that isn't in the commit, except what stays. */
async function clean(
  repository: Repository,
  workspace: Workspace,
  staying: readonly GitPath[],
): Promise<Result<void, Failure>> {
  const { repositories, pipes } = await findObstacles(workspace.root, staying)
  const populated = new Set(readSubmoduleNotes(workspace).populated.map(({ path }) => path))
  const filled = filledSubmodules(workspace.root, repository.gitlinks.map(gitPath))
  const obstacles = [...[...repositories, ...filled].filter((path) => !populated.has(path)), ...pipes]
  if (obstacles.length > 0) {
    return err(failure('collect', 'The workspace is not reusable.', { paths: obstacles.map(pathText) }))
  }
  const unlinked = await onFileSystem('Cleaning a workspace', () => removeLinks(workspace))
  if (!unlinked.ok) return unlinked
  const hidden = await onFileSystem('Looking at submodules', () => hideSubmodules(workspace))
  if (!hidden.ok) return hidden
  const cleaned = await git(workspacePlace(repository, workspace), cleanArgs(staying, '-q'))
  if (!cleaned.ok) return gitFailed(cleaned.error)
  const inside = await cleanSubmodules(repository, workspace, '-q', staying)
  return inside.ok ? ok(undefined) : inside
}

/** If an agent replaced a kept path with a link, setup or the next agent would follow it anywhere. */
async function removeLinks({ root, kept }: Workspace): Promise<void> {
  for (const path of kept) {
    // What is behind a link isn't ours; the link itself is removed by the cleaning.
    if ((await linkAbove(root, Buffer.from(path, 'latin1').toString('utf8'))) !== undefined) continue
    const stats = await lstat(onDisk(root, path)).catch(() => undefined)
    if (stats?.isSymbolicLink()) await rm(onDisk(root, path))
  }
}

/** Moves a prepared workspace that nobody has used to another commit. */
export async function advance(
  repository: Repository,
  workspace: Workspace,
  commit: CommitId,
  furniture: Furniture,
): Promise<Result<void, Failure>> {
  if (await outgrows(repository, workspace, furniture, commit)) return renew(repository, workspace, commit, furniture)
  return checkOut(repository, workspace, commit)
}
