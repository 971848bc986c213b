import { copyFile, lstat, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { cleanLine } from '../../domain/text.js'
import { git, gitBytes } from '../../platform/git/git.js'
import { adoptSubmodules } from '../submodules/adopt-submodules.js'
import { arm } from './arm.js'
import { cleanArgs, cleanSubmodules } from '../submodules/clean-submodules.js'
import { keepCone } from './cone.js'
import type { Repository } from '../contract.js'
import type { Furniture } from './furniture.js'
import { gitPath, isWithin, onDisk, pathText, splitNul, type GitPath } from '../git-path.js'
import { absentMode, diffIndex } from '../git/index-changes.js'
import { filledSubmodules, findObstacles, unignored } from '../git/nested-repositories.js'
import { lacksSubmodule } from '../submodules/populate.js'
import { inputsChanged } from './setup-inputs.js'
import { readSubmoduleNotes } from '../submodules/submodule-notes.js'
import { exemptPaths, indexFileOf, onFileSystem, withExcludes, workspacePlace, type Workspace } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'

/**
 * Runs setup and remembers what it left. Files that are not ignored and stay as it left them are nobody's work, so they
 * are not collected. Some five processes beside the command: `ls-files`, `add`, `diff-index`, `clean`.
 */
export async function setUp(
  repository: Repository,
  workspace: Workspace,
  { setup, runSetup, onNotKept, exact = false }: Furniture,
): Promise<Result<void, Failure>> {
  if (!setup) return ok(undefined)
  // With a `.git` of its own, a setup that looks for one does not find that of some directory above.
  const armed = await arm(repository, workspace)
  if (!armed.ok) return armed
  const ran = await runSetup(setup, workspace.root)
  if (!ran.ok) return ran
  const inSubmodules = await adoptSubmodules(repository, workspace)
  if (!inSubmodules.ok) return inSubmodules
  const clear = await checkLeft(repository, workspace)
  if (!clear.ok) return clear
  const cone = await keepCone(repository, workspace)
  if (!cone.ok) return cone
  const others = await gitBytes(workspacePlace(repository, workspace), ['ls-files', '--others', '--directory', '-z'])
  if (!others.ok) return gitFailed(others.error)
  const made = splitNul(others.value).map((path) => path.replace(/\/$/, ''))
  workspace.setupPaths = made.filter((path) => !isWithin(path, workspace.furnished))
  const changedFiles = await readLeavings(repository, workspace)
  if (!changedFiles.ok) return changedFiles
  const goes = await git(workspacePlace(repository, workspace), cleanArgs(workspace.furnished, '-n'))
  if (!goes.ok) return gitFailed(goes.error)
  const goInside = await cleanSubmodules(repository, workspace, '-n')
  if (!goInside.ok) return goInside
  const notKept = [goes.value, ...goInside.value].flatMap((said) =>
    said.split('\n').flatMap((line) => removal.exec(line)?.[1] ?? []),
  )
  if (notKept.length > 0) onNotKept?.(notKept.map((path) => cleanLine(path, 300)))
  const changed = (changedFiles.value || inSubmodules.value.length > 0) && !exact
  const kept = await thoseThere(workspace, workspace.kept)
  workspace.setUp = { at: workspace.commit, survives: notKept.length === 0 && !changed, changedFiles: changed, kept }
  return ok(undefined)
}

/** Source: git's builtin/clean.c. */
const removal = /^Would remove (.+)$/

/** A repository that is not ignored could not be told from an agent's. */
async function checkLeft(repository: Repository, workspace: Workspace): Promise<Result<void, Failure>> {
  const ours = new Set(readSubmoduleNotes(workspace).populated.map(({ path }) => path))
  const submodules = repository.gitlinks.map(gitPath).filter((path) => !ours.has(path))
  const { repositories } = await findObstacles(workspace.root, exemptPaths(workspace))
  const nested = await unignored(
    workspacePlace(repository, workspace),
    repositories.filter((path) => !ours.has(path)),
    repository.gitlinks.map(gitPath),
  )
  const obstacles = [...nested, ...filledSubmodules(workspace.root, submodules)]
  if (obstacles.length === 0) return ok(undefined)
  const message = `setup left a git repository that is not ignored: ${obstacles.slice(0, 3).map(pathText).join(', ')}.`
  return err(failure('infrastructure', message, { paths: obstacles.map(pathText), inSetup: true }))
}

/** Fills the workspace's leavings; says whether there are changed or deleted files of the commit among them. */
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
  const own = changes.value.filter(({ path }) => !isWithin(path, workspace.furnished))
  return ok(own.some(({ oldMode }) => oldMode !== absentMode))
}

async function thoseThere({ root }: Workspace, paths: readonly GitPath[]): Promise<GitPath[]> {
  const found = await Promise.all(paths.map((path) => lstat(onDisk(root, path)).catch(() => undefined)))
  return paths.filter((_, index) => found[index] !== undefined)
}

/** Whether setup must run again in a workspace that has just been cleaned and brought to its commit. */
export async function needsSetup(repository: Repository, workspace: Workspace, furniture: Furniture): Promise<boolean> {
  const { setUp: last } = workspace
  if (!furniture.setup || !last?.survives) return furniture.setup !== undefined
  // An agent may have removed what setup made.
  if ((await thoseThere(workspace, last.kept)).length < last.kept.length) return true
  if (await lacksSubmodule(repository, workspace, workspace.commit)) return true
  return inputsChanged(repository, furniture, last.at, workspace.commit)
}

/** Whether a prepared workspace, which nobody has used, is out of date at another commit. */
export async function outgrows(
  repository: Repository,
  workspace: Workspace,
  furniture: Furniture,
  commit: string,
): Promise<boolean> {
  const { setUp: last } = workspace
  if (!last) return false
  if (last.changedFiles || (await lacksSubmodule(repository, workspace, commit))) return true
  return inputsChanged(repository, furniture, last.at, commit)
}
