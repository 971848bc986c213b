import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isThere } from '../../platform/processes/table/process-identity.js'

/** Longer than any run; ms. */
const longestHoldMs = 14 * 24 * 60 * 60 * 1000

/**
 * Keeps `git gc` out of the user's repository until the answer is called: what waits for its gates is on no ref yet, and
 * a gc that prunes at once (`--prune=now`) would take it away, also from under a commit that lands a moment later.
 * One that is under way already is let be. Nothing of this outlives a crash: a dead process holds nothing off.
 *
 * Source: git's builtin/gc.c, lock_repo_for_gc. `gc.pid` holds "<pid> <host>" and counts while that process lives and
 * the file is not older than twelve hours. `gc --auto` is then silently nothing; `gc` ends with 128 and names the process.
 */
export async function holdOffGc(commonDir: string): Promise<() => Promise<void>> {
  const path = join(commonDir, 'gc.pid')
  const own = join(commonDir, 'autopilot', 'gc.pid')
  const mine = `${process.pid} ${hostname()}`
  try {
    await writeFile(own, mine)
    const { mtimeMs } = await stat(own)
    const until = new Date(mtimeMs + longestHoldMs)
    await utimes(own, until, until)
    if (await isHeld(path)) return () => Promise.resolve()
    await rename(own, path)
  } catch {
    // Where this cannot be written, gc cannot work either.
    return () => Promise.resolve()
  }
  return async () => {
    if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true })
  }
}

/** Whether a gc that may be running holds it. */
async function isHeld(path: string): Promise<boolean> {
  const [, pid, host] = /^(\d+) (\S+)/.exec(await readFile(path, 'utf8').catch(() => '')) ?? []
  return pid !== undefined && (host !== hostname() || isThere(Number(pid)))
}
