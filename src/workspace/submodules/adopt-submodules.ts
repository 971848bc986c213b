import { cp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { digestOf } from '../../platform/files/digest.js'
import { git } from '../../platform/git/git.js'
import type { Repository, Submodule, SubmoduleStore } from '../contract.js'
import { gitPath, isWithin, type GitPath } from '../git-path.js'
import { hideSubmodules } from './submodule-git.js'
import {
  isRealDirectory,
  readSubmoduleNotes,
  submodulePlace,
  writeSubmoduleNotes,
  type Populated,
  type SubmoduleNotes,
} from './submodule-notes.js'
import { findSubmodules, linksAt } from './submodules.js'
import { onFileSystem, type Workspace } from '../workspace.js'
import { gitFailed } from '../git/git-failed.js'
import { changedInside, fileTag } from './changed-inside.js'

/**
 * Takes over what setup has populated (`git submodule update --init`), before any agent has been there: its history
 * moves to where no agent writes, and from then on it is as good as a copy of the user's. Records what else setup left
 * in submodules, which is nobody's work, and which ones it left empty. Hides their `.git` afterwards.
 *
 * @returns what isn't part of their commits: paths from the root
 */
export async function adoptSubmodules(
  repository: Repository,
  workspace: Workspace,
): Promise<Result<readonly GitPath[], Failure>> {
  if (repository.submodules.length === 0) return ok([])
  const notesBefore = readSubmoduleNotes(workspace)
  const { trusted } = repository
  const { root, commit, furnished } = workspace
  const links = await linksAt(trusted, commit, repository.gitlinks.map(gitPath))
  const superproject = {
    place: trusted,
    commit,
    links,
    root,
    moduleDirs: [join(root, '.git', 'modules')],
    path: '',
    key: '',
  }
  const submodules = await findSubmodules(superproject)
  const isOurs = (path: GitPath) => notesBefore.populated.some((submodule) => submodule.path === path)
  const taken: Populated[] = []
  for (const { store, lacks, ...submodule } of submodules) {
    if (isOurs(submodule.path) || store === undefined || lacks !== undefined || isWithin(submodule.path, furnished))
      continue
    if (!(await isRealDirectory(root, submodule.path))) continue
    const adopted = await onFileSystem('Taking a submodule over', () => takeStore(workspace, submodule, store))
    if (!adopted.ok) return adopted
    taken.push({ ...submodule, store: adopted.value })
  }
  const populated = [...notesBefore.populated, ...taken]
  await hideSubmodules(workspace, populated)
  const fresh = new Set(taken.map(({ path }) => path))
  const stores = [...notesBefore.stores.filter(({ path }) => !fresh.has(path)), ...taken]
  const empty = [...links]
    .filter(([path]) => !populated.some((submodule) => submodule.path === path))
    .map(([path, commit]) => `${path} ${commit}`)
  const left = await leftInside(repository, workspace, populated)
  if (!left.ok) return left
  const notes: SubmoduleNotes = { populated, stores, empty, leavings: left.value }
  const noted = await onFileSystem('Recording the submodules of a workspace', () =>
    writeSubmoduleNotes(workspace, notes),
  )
  if (!noted.ok) return noted
  return ok([...left.value.keys()])
}

/** Whether a workspace's submodules use objects of autopilot's that are gone with its state directory. */
export async function hasTakenStores({ stateDir }: Pick<Workspace, 'stateDir'>): Promise<boolean> {
  const names = await readdir(stateDir).catch(() => [])
  return names.some((name) => takenStore.test(name))
}

const takenStore = /^submodule-.+-objects$/

async function takeStore(
  { stateDir }: Workspace,
  { path }: Pick<Submodule, 'path'>,
  store: SubmoduleStore,
): Promise<SubmoduleStore> {
  const objectsDir = join(stateDir, `submodule-${digestOf(path)}-objects`)
  await rm(objectsDir, { recursive: true, force: true })
  // Workspaces may be on another disk.
  await rename(store.objectsDir, objectsDir).catch(() => cp(store.objectsDir, objectsDir, { recursive: true }))
  return { ...store, objectsDir }
}

async function leftInside(
  repository: Repository,
  workspace: Workspace,
  populated: readonly Populated[],
): Promise<Result<Map<GitPath, string>, Failure>> {
  const left = new Map<GitPath, string>()
  for (const submodule of populated) {
    // Its files are as setup wrote them; only the trusted index is missing.
    const read = await git(submodulePlace(repository, workspace, submodule), ['read-tree', '--reset', submodule.commit])
    if (!read.ok) return gitFailed(read.error)
    const changed = await changedInside(repository, workspace, submodule, { leavings: new Map() })
    if (!changed.ok) return changed
    for (const path of changed.value) left.set(path, await fileTag(workspace, path))
  }
  return ok(left)
}
