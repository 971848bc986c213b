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
import type { Keep } from '../../domain/setup.js'
import { furniturePaths, type Furniture } from './furniture.js'
import { gitPath, isWithin, onDisk, pathText, splitNul, type GitPath } from '../git-path.js'
import { absentMode, diffIndex, type Change } from '../git/index-changes.js'
import { filledSubmodules, findObstacles, unignored } from '../git/nested-repositories.js'
import { readSubmoduleNotes } from '../submodules/submodule-notes.js'
import {
  exemptPaths,
  fingerprintFile,
  indexFileOf,
  onFileSystem,
  withExcludes,
  workspacePlace,
  type Workspace,
} from '../workspace.js'
import type { Keeper } from '../kept/keeper.js'
import { gitFailed } from '../git/git-failed.js'

/**
 * Runs setup and records what it left. Files that aren't ignored and stay as setup left them are nobody's work, so
 * they aren't collected. Some five processes besides the command: `ls-files`, `add`, `diff-index`, and `clean` with a
 * list of kept paths.
 */
export async function setUp(
  repository: Repository,
  workspace: Workspace,
  furniture: Furniture,
): Promise<Result<void, Failure>> {
  const { setup, runSetup } = furniture
  if (!setup) return ok(undefined)
  // The workspace has its own `.git`, so a setup that looks for one doesn't find that of a directory above.
  const armed = await arm(repository, workspace)
  if (!armed.ok) return armed
  const copies = await noteCopies(workspace, furniture)
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
  return rememberLeft(repository, workspace, furniture, { inSubmodules: inSubmodules.value, copies: await copies() })
}

interface ChangedElsewhere {
  readonly inSubmodules: readonly GitPath[]
  readonly copies: readonly GitPath[]
}

/** Records which files setup changed, and whether all of its results may stay. */
async function rememberLeft(
  repository: Repository,
  workspace: Workspace,
  { keep, keeper, onNotKept, exact = false }: Furniture,
  { inSubmodules, copies }: ChangedElsewhere,
): Promise<Result<void, Failure>> {
  const left = await readLeavings(repository, workspace)
  if (!left.ok) return left
  const going = await goingPaths(repository, workspace, keep, left.value.added)
  if (!going.ok) return going
  const changed = exact ? [] : [...left.value.changed, ...inSubmodules]
  // With a list, only what it lacks is reported.
  const told = keep === 'auto' ? [...[...copies, ...changed].map(pathText), ...going.value] : going.value
  const stays = keep === 'auto' && told.length === 0 ? await noteMade(workspace, keeper) : []
  if (stays === undefined) told.push(...workspace.setupPaths.map(pathText))
  if (told.length > 0) onNotKept?.(told.map((path) => cleanLine(path, 300)))
  const kept = keep === 'auto' ? (stays ?? []) : await existingOf(workspace, workspace.kept)
  const changedFiles = changed.length > 0
  workspace.setUp = { at: workspace.commit, survives: told.length === 0 && !changedFiles, changedFiles, kept }
  return ok(undefined)
}

/** Which results of setup the cleaning removes, in words. */
async function goingPaths(
  repository: Repository,
  workspace: Workspace,
  keep: Keep,
  added: readonly GitPath[],
): Promise<Result<string[], Failure>> {
  const inside = await cleanSubmodules(repository, workspace, '-n', workspace.furnished)
  if (!inside.ok) return inside
  const place = workspacePlace(repository, workspace)
  const goes = keep === 'auto' ? ok('') : await git(place, cleanArgs(workspace.furnished, '-n'))
  if (!goes.ok) return gitFailed(goes.error)
  const removals = [goes.value, ...inside.value].flatMap((said) =>
    said.split('\n').flatMap((line) => removal.exec(line)?.[1] ?? []),
  )
  return ok(keep === 'auto' ? [...added.map(pathText), ...removals] : removals)
}

/** Source: git's builtin/clean.c. */
const removal = /^Would remove (.+)$/

/** How many paths of setup's results may stay: each is an argument when the workspace is cleaned. */
const maxStaying = 500

/** Records setup's results so that they may stay; undefined if they can't. */
async function noteMade(workspace: Workspace, keeper: Keeper): Promise<readonly GitPath[] | undefined> {
  const { root, setupPaths: paths, furnished: except } = workspace
  if (paths.length === 0) return []
  if (paths.length > maxStaying) return undefined
  const noted = await keeper({ action: 'note', root, paths, except, file: fingerprintFile(workspace) })
  return noted === 'fine' ? paths : undefined
}

/** Records what was copied before setup runs; afterwards returns what setup has changed: the next copy undoes that. */
async function noteCopies(
  workspace: Workspace,
  { keep, copy, keeper }: Furniture,
): Promise<() => Promise<readonly GitPath[]>> {
  const paths = furniturePaths(copy)
  if (keep !== 'auto' || paths.length === 0) return () => Promise.resolve([])
  const question = { root: workspace.root, except: [], file: join(workspace.stateDir, 'copies') }
  await keeper({ ...question, paths, action: 'note' })
  return async () => ((await keeper({ ...question, paths, action: 'look' })) === 'fine' ? [] : paths)
}

/** A repository that isn't ignored can't be told from an agent's. */
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

interface SetupChanges {
  /** Files of the commit that setup changed or deleted. */
  readonly changed: readonly GitPath[]
  /** New ones that git does not ignore. */
  readonly added: readonly GitPath[]
}

/** Fills the workspace's leavings. */
async function readLeavings(repository: Repository, workspace: Workspace): Promise<Result<SetupChanges, Failure>> {
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
  const isNew = ({ oldMode }: Change) => oldMode === absentMode
  const pathsOf = (some: readonly Change[]) => some.map(({ path }) => path)
  return ok({ changed: pathsOf(own.filter((one) => !isNew(one))), added: pathsOf(own.filter(isNew)) })
}

/** Those of the paths where something exists. */
export async function existingOf({ root }: Workspace, paths: readonly GitPath[]): Promise<GitPath[]> {
  const found = await Promise.all(paths.map((path) => lstat(onDisk(root, path)).catch(() => undefined)))
  return paths.filter((_, index) => found[index] !== undefined)
}
