import { mkdir, rm } from 'node:fs/promises'
import type { CommitId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { removeTree } from '../../platform/processes/remove-tree.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import { formatGitFailure } from '../../platform/git/git-failure.js'
import type { Repository } from '../contract.js'
import { gitPath, isWithin, onDisk, pathText, type GitPath } from '../git-path.js'
import { linksAt } from './submodules.js'
import {
  isRealDirectory,
  readSubmoduleNotes,
  submodulePlace,
  writeSubmoduleNotes,
  type Populated,
  type SubmoduleNotes,
} from './submodule-notes.js'
import { onFileSystem, workspacePlace, type Workspace } from '../workspace.js'

/** A history that a submodule's files may come from. */
type Offer = Omit<Populated, 'commit'>

/**
 * Brings the files of submodules to what a commit records, from the user's own copies or from those that setup made:
 * plain local content, written by autopilot's git. One that neither has stays empty. Nothing is asked where the
 * repository has no submodule; else one process, and one or two more for each.
 */
export async function populate(
  repository: Repository,
  workspace: Workspace,
  commit: CommitId,
): Promise<Result<void, Failure>> {
  if (repository.submodules.length === 0) return ok(undefined)
  const notes = readSubmoduleNotes(workspace)
  const offers = offersOf(repository, workspace, notes)
  const populated: Populated[] = []
  const filled = await populateLevel(
    { repository, workspace, offers, populated },
    workspacePlace(repository, workspace),
    {
      path: '',
      commit,
    },
  )
  if (!filled.ok) return filled
  return onFileSystem('Recording the submodules of a workspace', async () => {
    for (const { path } of notes.populated) {
      const isThere = populated.some((submodule) => submodule.path === path)
      if (!isThere && (await isRealDirectory(workspace.root, path))) await emptyOut(workspace, path)
    }
    await writeSubmoduleNotes(workspace, { ...notes, populated })
  })
}

/** Every history that there is of each, setup's first: its files were brought by the user's own command. */
function offersOf({ submodules }: Repository, { furnished }: Workspace, { stores }: SubmoduleNotes): readonly Offer[] {
  const own = submodules.flatMap(({ store, ...submodule }) => (store ? [{ ...submodule, store }] : []))
  // What is kept or linked as a whole is none of the commit's.
  return [...stores, ...own].filter(({ path }) => !isWithin(path, furnished))
}

interface Populating {
  readonly repository: Repository
  readonly workspace: Workspace
  readonly offers: readonly Offer[]
  readonly populated: Populated[]
}

async function populateLevel(
  level: Populating,
  place: GitPlace,
  { path: above, commit }: { readonly path: GitPath; readonly commit: CommitId },
): Promise<Result<void, Failure>> {
  const { repository, workspace, offers, populated } = level
  const prefix = above === '' ? '' : `${above}/`
  const here = offers.filter(({ parent }) => parent === above)
  const links = await linksAt(place, commit, [...new Set(here.map(({ path }) => path.slice(prefix.length)))])
  for (const [inside, recorded] of links) {
    const path = `${prefix}${inside}`
    const offer = await firstWith(
      repository,
      workspace,
      here.filter((one) => one.path === path),
      recorded,
    )
    if (offer === undefined) continue
    const { parent, key, store } = offer
    const submodule = { path, parent, key, commit: recorded, store }
    const placed = await checkOutSubmodule(repository, workspace, submodule)
    if (!placed.ok) return placed
    populated.push(submodule)
    const inner = await populateLevel(level, submodulePlace(repository, workspace, submodule), {
      path,
      commit: recorded,
    })
    if (!inner.ok) return inner
  }
  return ok(undefined)
}

/**
 * Whether a commit records a submodule that nothing here has, and that setup, when it last ran, did not leave empty: to be
 * asked before the workspace is brought to that commit, or after.
 */
export async function lacksSubmodule(repository: Repository, workspace: Workspace, commit: CommitId): Promise<boolean> {
  if (repository.submodules.length === 0) return false
  const notes = readSubmoduleNotes(workspace)
  const offers = offersOf(repository, workspace, notes)
  for (const [path, recorded] of await linksAt(repository.trusted, commit, repository.gitlinks.map(gitPath))) {
    if (isWithin(path, workspace.furnished) || notes.empty.includes(`${path} ${recorded}`)) continue
    if (
      !(await firstWith(
        repository,
        workspace,
        offers.filter((one) => one.path === path),
        recorded,
      ))
    )
      return true
  }
  return false
}

async function firstWith(
  repository: Repository,
  workspace: Workspace,
  offers: readonly Offer[],
  commit: CommitId,
): Promise<Offer | undefined> {
  for (const offer of offers) {
    const place = submodulePlace(repository, workspace, offer)
    if ((await git(place, ['cat-file', '-e', `${commit}^{commit}`])).ok) return offer
  }
  return undefined
}

async function checkOutSubmodule(
  repository: Repository,
  workspace: Workspace,
  submodule: Populated,
): Promise<Result<void, Failure>> {
  const { root } = workspace
  const made = await onFileSystem('Creating the directory of a submodule', async () => {
    const isThere = await isRealDirectory(root, submodule.path)
    // In the place of one that an agent, or setup, has replaced by something else.
    if (!isThere && (await isParentReal(root, submodule.path))) {
      await rm(onDisk(root, submodule.path), { recursive: true, force: true })
      await mkdir(onDisk(root, submodule.path), { mode: 0o755 })
    }
    await rm(onDisk(root, `${submodule.path}/.git`), { recursive: true, force: true })
    return isRealDirectory(root, submodule.path)
  })
  if (!made.ok) return made
  if (!made.value)
    return err(failure('infrastructure', `${pathText(submodule.path)} is not a valid place for a submodule.`))
  const read = await git(submodulePlace(repository, workspace, submodule), [
    'read-tree',
    '-u',
    '--reset',
    submodule.commit,
  ])
  if (read.ok) return ok(undefined)
  const why = `The submodule ${pathText(submodule.path)} cannot get its files: ${formatGitFailure(read.error)}`
  return err(failure('infrastructure', why))
}

async function isParentReal(root: string, path: GitPath): Promise<boolean> {
  const end = path.lastIndexOf('/')
  return end < 0 || isRealDirectory(root, path.slice(0, end))
}

/** As git leaves one that nobody has populated. */
async function emptyOut({ root }: Workspace, path: GitPath): Promise<void> {
  const directory = onDisk(root, path)
  await removeTree(directory.toString('utf8'))
  await mkdir(directory, { mode: 0o755 })
}
