import { randomBytes } from 'node:crypto'
import { renameSync, statSync } from 'node:fs'
import { link, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { err, ok, type Result } from '../../domain/result.js'
import { readWhole } from './read-whole.js'
import { faultCode } from './regular-file.js'

/** How replacing a file ended: done, or left alone because somebody else had changed it. */
export type Replaced = 'replaced' | 'changed'

/**
 * Replaces a file's content, which must be `before`, with `after` in one step: readers see one or the other, even if
 * the machine stops. Symbolic links stay, their target is replaced; mode and owner stay. Errors are codes of the
 * system; a file that nobody may write gives `EACCES`, although its directory would allow replacing it.
 *
 * Nothing that another program writes at the same time is lost, except in two windows that no call in Node can close:
 * a file that it puts in this place between the last look and the exchange (some 10 µs), and what it writes into the
 * old file, opened earlier, after the exchange is durable (milliseconds). `lastMoment` is for tests: it runs when the
 * content has been checked.
 */
export async function replaceFile(
  path: string,
  before: Uint8Array,
  after: Uint8Array,
  lastMoment: () => Promise<void> = () => Promise.resolve(),
): Promise<Result<Replaced, string>> {
  try {
    const target = await realpath(path)
    const { mode, uid, gid } = await stat(target)
    if ((mode & 0o222) === 0) return err('EACCES')
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
    const saved = `${temporary}.before`
    try {
      await writeThrough(temporary, after, { mode: mode & 0o7777, uid, gid })
      // A second name for the current file, so that it isn't lost with the first. Not every file system can do that.
      const old = await link(target, saved).then(
        () => saved,
        () => undefined,
      )
      if (!(await holds(old ?? target, before))) return ok('changed')
      await lastMoment()
      // Without a pause between the two: another program may put its own file in this place.
      if (old !== undefined && !isSame(old, target)) return ok('changed')
      renameSync(temporary, target)
      await syncDirectory(dirname(target))
      if (old === undefined || (await holds(old, before))) return ok('replaced')
      // Somebody who had the old file open has written into it meanwhile: their version counts, and ours is written
      // again.
      await rename(old, target)
      return ok('changed')
    } finally {
      await rm(temporary, { force: true })
      await rm(saved, { force: true })
    }
  } catch (error) {
    return err(faultCode(error))
  }
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  const now = await readWhole(path, bytes.length)
  return now.ok && Buffer.compare(now.value, bytes) === 0
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [statSync(a, { bigint: true }), statSync(b, { bigint: true })]
  return one.dev === other.dev && one.ino === other.ino
}

interface Ownership {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

async function writeThrough(path: string, bytes: Uint8Array, ownership: Ownership): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await takeOver(file, ownership)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The umask applies to files that `open` creates, so the mode is set afterwards; only root can change the owner. */
async function takeOver(file: FileHandle, { mode, uid, gid }: Ownership): Promise<void> {
  const own = await file.stat()
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid).catch(faultCode)
  await file.chmod(mode)
}

/** Makes the new name durable. Some file systems can't sync a directory: then the rename alone must do. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(faultCode)
  if (typeof directory === 'string') return
  await directory.sync().catch(faultCode)
  await directory.close()
}
