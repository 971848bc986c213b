import { isUtf8 } from 'node:buffer'
import { constants } from 'node:fs'
import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { limit } from '../limit.js'
import { ownPath } from '../programs/own-programs.js'
import { capture } from './capture.js'

/** The error of a removal if directories are closed to their owner, as in Go's module cache (0555). */
const closed = new Set(['EACCES', 'EPERM', 'ENOTEMPTY'])

/** A tree with more entries is large. */
const fewEntries = 1_000
/** So many programs share a large tree. */
const programsPerTree = 16
/** So many run at once, for all trees together. */
const atOnce = limit(64)

/**
 * Removes a directory and all in it, also what its owner has been shut out of, and paths that are longer than the system
 * takes at once. Nothing in it may be at work any more. Symbolic links are removed, never followed; throws what the file
 * system throws.
 */
export async function removeTree(path: string): Promise<void> {
  const branches = await branchesOf(path)
  if (branches) await removeLarge(branches)
  // Programs need not succeed: what they leave is removed here.
  const code = await removed(path)
  if (code === undefined) return
  if (closed.has(code)) await openToOwner(path)
  else if (code !== 'ENAMETOOLONG') return rm(path, { recursive: true, force: true })
  if (code !== 'ENAMETOOLONG' && (await removed(path)) === undefined) return
  await removeByProgram([path])
  await rm(path, { recursive: true, force: true })
}

/**
 * A disk may make each removal wait: mounted with `discard`, ext4 without a journal does, for the disk to have discarded
 * the file's blocks. Such waits pass side by side, but not on Node's four threads.
 */
async function removeLarge(branches: readonly string[]): Promise<void> {
  const shares = Array.from({ length: Math.min(programsPerTree, branches.length) }, (_, share) =>
    branches.filter((_, index) => index % programsPerTree === share),
  )
  await Promise.all(shares.map((paths) => atOnce(() => removeByProgram(paths))))
}

/**
 * Directories of a large tree, none inside another, that hold most of it; undefined for a small tree. Not those whose
 * name isn't text, since no argument can name them.
 */
async function branchesOf(root: string): Promise<readonly string[] | undefined> {
  // A symbolic link would be followed.
  if ((await lstat(root).catch(() => undefined))?.isDirectory() !== true) return undefined
  const waiting = [root]
  const leaves: string[] = []
  let seen = 0
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const entries = await readdir(path, { withFileTypes: true, encoding: 'latin1' }).catch(() => [])
    seen += entries.length
    const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => Buffer.from(name, 'latin1'))
    if (below.length === 0 && path !== root) leaves.push(path)
    for (const name of below) if (isUtf8(name)) waiting.push(join(path, name.toString('utf8')))
    if (seen > fewEntries) return [...leaves, ...waiting]
  }
  return undefined
}

/** coreutils' rm uses openat(2): it goes down one directory at a time, so that no path is ever too long. */
async function removeByProgram(paths: readonly string[]): Promise<void> {
  await capture('rm', ['-rf', '--', ...paths], { env: { PATH: ownPath(), LC_ALL: 'C' } })
}

/** The code of what went wrong; undefined when it is gone. */
async function removed(path: string): Promise<string | undefined> {
  try {
    await rm(path, { recursive: true, force: true })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO'
  }
}

/** Gives the owner of directories their rights back. What belongs to another, or is a file, stays as it is. */
async function openToOwner(directory: string): Promise<void> {
  const waiting = [directory]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const stats = await lstat(path).catch(() => undefined)
    if (!stats?.isDirectory()) continue
    const owned = constants.S_IRWXU
    if ((stats.mode & owned) !== owned) await chmod(path, (stats.mode & 0o7777) | owned).catch(() => undefined)
    const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) if (entry.isDirectory()) waiting.push(join(path, entry.name))
  }
}
