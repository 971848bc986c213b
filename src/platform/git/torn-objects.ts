import { lstat, readdir, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EpochMs } from '../../domain/brand.js'
import { later } from '../../domain/clock.js'

/**
 * Removes the half-written objects that a failed git has left behind: on a full disk they keep it full. Only files of
 * this user that were written since it started, and that no process holds open; another running git here has its own.
 * Source: git's object-file.c, `tmp_obj_XXXXXX` in the directory of the object.
 */
export async function removeTornObjects(objectsDir: string, since: EpochMs): Promise<void> {
  const folders = (await readdir(objectsDir).catch(() => [])).filter((name) => /^[0-9a-f]{2}$/.test(name))
  const found = await Promise.all(['.', ...folders].map((folder) => tornIn(join(objectsDir, folder), since)))
  const torn = found.flat()
  if (torn.length === 0) return
  const held = await heldOpen()
  for (const path of torn) if (!held.has(path)) await rm(path, { force: true }).catch(() => undefined)
}

async function tornIn(folder: string, since: EpochMs): Promise<string[]> {
  const torn: string[] = []
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith('tmp_obj_')) continue
    const stats = await lstat(join(folder, name)).catch(() => undefined)
    // Times of files are those of the last tick of the kernel's clock, a little before now.
    if (stats?.isFile() && stats.uid === process.getuid?.() && stats.mtimeMs >= later(since, -50))
      torn.push(join(folder, name))
  }
  return torn
}

/** The files that this user's processes hold open; none without /proc. */
async function heldOpen(): Promise<ReadonlySet<string>> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const held = new Set<string>()
  for (const pid of pids) {
    const folder = join('/proc', pid, 'fd')
    for (const fd of await readdir(folder).catch(() => [])) {
      held.add(await readlink(join(folder, fd)).catch(() => ''))
    }
  }
  return held
}
