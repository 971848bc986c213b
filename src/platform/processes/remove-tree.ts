import { constants } from 'node:fs'
import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { capture } from './capture.js'
import { ownPath } from '../programs/own-programs.js'

/** The error of a removal if directories are closed to their owner, as in Go's module cache (0555). */
const closed = new Set(['EACCES', 'EPERM', 'ENOTEMPTY'])

/**
 * Removes a directory and all in it, also what its owner has been shut out of, and paths that are longer than the system
 * takes at once. Nothing in it may be at work any more. Symbolic links are removed, never followed; throws what the file
 * system throws.
 */
export async function removeTree(path: string): Promise<void> {
  const code = await removed(path)
  if (code === undefined) return
  if (closed.has(code)) await openToOwner(path)
  else if (code !== 'ENAMETOOLONG') return rm(path, { recursive: true, force: true })
  if (code !== 'ENAMETOOLONG' && (await removed(path)) === undefined) return
  // It goes down one directory at a time, so that no path is ever long. Source: coreutils' rm, which uses openat(2).
  const program = await capture('rm', ['-rf', '--', path], { env: { PATH: ownPath(), LC_ALL: 'C' } })
  if (program.exit.type !== 'code' || program.exit.code !== 0) await rm(path, { recursive: true, force: true })
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
