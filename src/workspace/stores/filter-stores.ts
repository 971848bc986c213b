import { cp, lstat, mkdir, rm, symlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Repository } from '../contract.js'
import { takeLfsObjects } from './lfs-objects.js'
import { definedFilters, filled, lastValue, type GitSetting } from '../git/user-config.js'
import type { Workspace } from '../workspace.js'

/** Directories of the user's where content filters keep what they need: Git LFS its objects, git-crypt its keys. */
const stores = ['lfs', 'git-crypt'] as const

/**
 * Points the filters of autopilot's own git, which look for their stores in its git directory, to the user's stores.
 * What Git LFS stores there lives on with the commits that need it, so the user's store is created if there is none.
 * Returns the names of those that are linked.
 */
export async function linkStores(commonDir: string, dir: string, settings: readonly GitSetting[]): Promise<string[]> {
  const linked: string[] = []
  for (const store of stores) {
    const from = store === 'lfs' ? lfsStorage(commonDir, settings) : join(commonDir, store)
    if (store === 'lfs' && definedFilters(settings).has('lfs')) await mkdir(from, { recursive: true })
    const to = join(dir, store)
    const isThere = (await lstat(from).catch(() => undefined))?.isDirectory() ?? false
    // Content that landed while the user had no store.
    const isOwn = (await lstat(to).catch(() => undefined))?.isDirectory() ?? false
    if (isThere && isOwn && store === 'lfs') await takeLfsObjects(to, from)
    await rm(to, { recursive: true, force: true })
    if (!isThere) continue
    await symlink(from, to)
    linked.push(store)
  }
  return linked
}

/** Source: git-lfs-config(5), `lfs.storage`: a relative one counts from the git directory. */
export function lfsStorage(commonDir: string, settings: readonly GitSetting[]): string {
  const named = filled(lastValue(settings, 'lfs.storage'))
  if (named === undefined) return join(commonDir, 'lfs')
  if (named.startsWith('~/')) return join(homedir(), named.slice(2))
  return isAbsolute(named) ? named : join(commonDir, named)
}

/**
 * Gives a workspace's own git directory what filters need, and nothing that could harm the user's: `git lfs prune`
 * deletes what the refs of its own repository don't need, `git-crypt lock` deletes the keys. So keys are copied, and
 * Git LFS has its own store and reads the user's as an alternate, see {@link alternatesOf}.
 */
export async function giveStores({ commonDir, filterStores }: Repository, gitDir: string): Promise<void> {
  if (!filterStores.includes('git-crypt')) return
  await cp(join(commonDir, 'git-crypt'), join(gitDir, 'git-crypt'), { recursive: true })
}

/**
 * The object directories that a workspace's git reads besides its own, one per line. Git LFS looks for content in the
 * `lfs` next to each: the user's own, and, next to autopilot's empty one, the link to where `lfs.storage` says.
 * Source: git-lfs's fs package, "resolveReferenceDirs".
 */
export function alternatesOf({ objectsDir, trusted, filterStores }: Repository): string {
  const all = filterStores.includes('lfs') ? [objectsDir, join(trusted.gitDir, 'objects')] : [objectsDir]
  return all.join('\n')
}

/**
 * Copies the Git LFS content that an agent's own git stored into the user's store, because kept commits may point to
 * it.
 */
export async function keepLfsContent({ trusted }: Repository, { root }: Pick<Workspace, 'root'>): Promise<void> {
  const theirs = join(root, '.git', 'lfs')
  if ((await lstat(theirs).catch(() => undefined))?.isDirectory())
    await takeLfsObjects(theirs, join(trusted.gitDir, 'lfs'))
}
