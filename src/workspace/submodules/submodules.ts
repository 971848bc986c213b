import { lstat, readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import { cleanLine } from '../../domain/text.js'
import { gitBytes, type GitPlace } from '../../platform/git/git.js'
import { filtersNamed } from '../git/content-filters.js'
import type { Repository, Submodule, SubmoduleStore } from '../contract.js'
import { onDisk, splitNul, type GitPath } from '../git-path.js'
import { readHeadTree } from '../git/head-tree.js'
import { gitlinkMode } from '../git/index-changes.js'
import { readSharedRefs } from '../git/shared-refs.js'

/** Where submodules are looked for. */
export interface Superproject {
  /** Where the commit that records them can be read. */
  readonly place: GitPlace
  readonly commit: CommitId
  readonly links: ReadonlyMap<GitPath, CommitId>
  /** The work tree, in which each may have a `.git`. */
  readonly root: string
  /** Directories such as `.git/modules`, by their names. */
  readonly moduleDirs: readonly string[]
  readonly path: GitPath
  readonly key: string
}

const deepest = 10

/**
 * Finds out, for each submodule that a commit records, whether its git directory is on this machine and has the recorded
 * commit: at the path itself, or below `.git/modules`. Those inside them follow. Runs no `git submodule`, and reads no
 * `.gitmodules` but for names.
 */
export async function findSubmodules(superproject: Superproject, depth = 0): Promise<readonly Submodule[]> {
  if (superproject.links.size === 0 || depth > deepest) return []
  const names = await namesOf(superproject.place, superproject.commit)
  const found: Submodule[] = []
  for (const [inside, commit] of superproject.links) {
    const path = joined(superproject.path, inside)
    const name = asText(names.get(inside) ?? inside)
    const safe = isSafeName(name) ? name : asText(inside)
    const key = `${superproject.key}modules/${safe}`
    const root = onDisk(superproject.root, inside).toString('utf8')
    const gitDirs = [await gitDirAt(root), ...superproject.moduleDirs.map((dir) => join(dir, safe))]
    const module = { path, parent: superproject.path, key, commit }
    const look = await lookInto(
      superproject.place,
      gitDirs.filter((dir) => dir !== undefined),
      commit,
    )
    if (!('links' in look)) {
      found.push({ ...module, ...look })
      continue
    }
    const { store, links, gitDir } = look
    found.push({ ...module, store })
    const place = { ...superproject.place, objectDir: store.objectsDir }
    const inner = { place, commit, links, root, moduleDirs: [join(gitDir, 'modules')], path, key: `${key}/` }
    found.push(...(await findSubmodules(inner, depth + 1)))
  }
  return found
}

function asText(path: GitPath): string {
  return Buffer.from(path, 'latin1').toString('utf8')
}

function joined(above: GitPath, path: GitPath): GitPath {
  return above === '' ? path : `${above}/${path}`
}

/** Source: git's submodule-config.c, check_submodule_name. */
function isSafeName(name: string): boolean {
  return name !== '' && !name.startsWith('/') && !name.split(/[/\\]/).some((part) => ['', '.', '..'].includes(part))
}

/** Names by paths. */
async function namesOf(place: GitPlace, commit: CommitId): Promise<ReadonlyMap<GitPath, string>> {
  const args = ['config', '-z', `--blob=${commit}:.gitmodules`, '--get-regexp', String.raw`^submodule\..*\.path$`]
  const listed = await gitBytes(place, args)
  const records = listed.ok ? splitNul(listed.value) : []
  return new Map(
    records.map((record): [GitPath, string] => {
      const end = record.indexOf('\n')
      return [record.slice(end + 1), record.slice('submodule.'.length, end - '.path'.length)]
    }),
  )
}

/** The git directory of what is checked out there: a directory, or a file that names it. */
async function gitDirAt(root: string): Promise<string | undefined> {
  const path = join(root, '.git')
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isDirectory()) return path
  if (!stats?.isFile()) return undefined
  const named = /^gitdir: (.+)\n?$/.exec(await readFile(path, 'utf8').catch(() => ''))?.[1]
  return named === undefined ? undefined : resolve(dirname(path), named)
}

type Look =
  | { readonly lacks: string; readonly store?: SubmoduleStore }
  | { readonly store: SubmoduleStore; readonly links: ReadonlyMap<GitPath, CommitId>; readonly gitDir: string }

/** The first that has the commit; else what is in the way with the last that is there. */
async function lookInto(place: GitPlace, gitDirs: readonly string[], commit: CommitId): Promise<Look> {
  let best: Look = { lacks: 'you have no copy of it here' }
  for (const gitDir of gitDirs) {
    const look = await lookAt(place, gitDir, commit)
    if (look === undefined) continue
    if ('links' in look) return look
    best = look
  }
  return best
}

async function lookAt(place: GitPlace, gitDir: string, commit: CommitId): Promise<Look | undefined> {
  const objectsDir = await objectsOf(gitDir)
  if (objectsDir === undefined) return undefined
  const refs = await readSharedRefs({ gitDir })
  const shallow = await readFile(join(gitDir, 'shallow'), 'latin1').catch(() => undefined)
  const store = { objectsDir, refs: refs.ok ? refs.value : '', ...(shallow === undefined ? {} : { shallow }) }
  const packs = await readdir(join(objectsDir, 'pack')).catch(() => [])
  if (packs.some((name) => name.endsWith('.promisor'))) return { lacks: 'your copy of it is a partial clone' }
  const tree = await readHeadTree({ ...place, objectDir: objectsDir }, commit)
  if (!tree.ok) return { store, lacks: `your copy of it lacks the commit ${commit.slice(0, 12)}` }
  const [filter] = tree.value.attributes.flatMap(filtersNamed)
  if (filter !== undefined) return { lacks: `its files need the content filter '${cleanLine(filter, 60)}'` }
  return { store, links: tree.value.links, gitDir }
}

/** The common directory has them, where the git directory is that of a linked work tree. */
async function objectsOf(gitDir: string): Promise<string | undefined> {
  const common = (await readFile(join(gitDir, 'commondir'), 'utf8').catch(() => '')).trim()
  const objects = join(resolve(gitDir, common), 'objects')
  return (await lstat(objects).catch(() => undefined))?.isDirectory() ? objects : undefined
}

/** The user's submodules at a commit of theirs. */
export function findUsersSubmodules(
  { root, gitDir, commonDir, trusted }: Pick<Repository, 'root' | 'gitDir' | 'commonDir' | 'trusted'>,
  commit: CommitId,
  links: ReadonlyMap<GitPath, CommitId>,
): Promise<readonly Submodule[]> {
  const moduleDirs = [...new Set([gitDir, commonDir])].map((dir) => join(dir, 'modules'))
  return findSubmodules({ place: trusted, commit, links, root, moduleDirs, path: '', key: '' })
}

/** The commits at which a commit records these paths as submodules. */
export async function linksAt(
  place: GitPlace,
  commit: CommitId,
  paths: readonly GitPath[],
): Promise<ReadonlyMap<GitPath, CommitId>> {
  const links = new Map<GitPath, CommitId>()
  if (paths.length === 0) return links
  const listed = await gitBytes(place, ['ls-tree', '-z', '--full-tree', commit, '--', ...paths.map(asText)])
  for (const entry of listed.ok ? splitNul(listed.value) : []) {
    const tab = entry.indexOf('\t')
    const [mode, , oid = ''] = entry.slice(0, tab).split(' ')
    if (mode === gitlinkMode) links.set(entry.slice(tab + 1), oid as CommitId)
  }
  return links
}
