import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { isWithin, onDisk, type GitPath } from '../git-path.js'
import type { Entry } from './compare.js'

/** What stays of a workspace, and what of it is not setup's. */
export interface KeptPaths {
  /** Absolute path of the work tree. */
  readonly root: string
  readonly paths: readonly GitPath[]
  /** Paths that are created again each time; nothing in them is checked. */
  readonly except: readonly GitPath[]
}

/**
 * Looks at everything at and below these paths, and follows no symbolic link. Doesn't look into what `isKnown` denies.
 * Synchronous, for a separate thread. Throws if something can't be read.
 */
export function scan(kept: KeptPaths, isKnown: (path: GitPath) => boolean = () => true): Map<GitPath, Entry> {
  const entries = new Map<GitPath, Entry>()
  for (const path of kept.paths) if (isReached(kept.root, path)) look(kept, path, isKnown, entries)
  return entries
}

/** Everything above the path is a directory: through a link in its place, something else would be looked at. */
function isReached(root: string, path: GitPath): boolean {
  const names = path.split('/')
  const above = names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'))
  return above.every((folder) => lstatSync(inTree(root, folder), { throwIfNoEntry: false })?.isDirectory() === true)
}

function look(kept: KeptPaths, path: GitPath, isKnown: (path: GitPath) => boolean, entries: Map<GitPath, Entry>): void {
  if (isWithin(path, kept.except)) return
  const place = inTree(kept.root, path)
  const stats = lstatSync(place, { throwIfNoEntry: false })
  if (!stats) return
  entries.set(path, entryOf(stats))
  if (!stats.isDirectory() || !isKnown(path)) return
  for (const name of readdirSync(place, 'latin1')) look(kept, `${path}/${name}`, isKnown, entries)
}

export function entryOf(stats: Stats): Entry {
  const { mode, size, mtimeMs: modified, ino: inode, ctimeMs: changed, nlink: links } = stats
  return stats.isDirectory() ? { mode } : { mode, size, modified, inode, changed, links }
}

/** As text where that says the same: bytes take longer. */
export function inTree(root: string, path: GitPath): string | Buffer {
  return /^[\0-\x7f]*$/.test(path) ? `${root}/${path}` : onDisk(root, path)
}
