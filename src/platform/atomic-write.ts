import { randomBytes } from 'node:crypto'
import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { err, ok, type Result } from '../domain/result.js'
import { readWhole } from './read-whole.js'
import { faultCode } from './regular-file.js'

/** How replacing a file ended: done, or left alone since somebody else changed it meanwhile. */
export type Replaced = 'replaced' | 'changed'

/**
 * Replaces a file's content, which must be `before`, by `after` at once: readers see one or the other, also when the
 * machine stops. Symbolic links stay, their target is replaced; mode and owner stay. Errors are codes of the system;
 * a file that nobody may write gives `EACCES`, although its directory would let us replace it.
 */
export async function replaceFile(
  path: string,
  before: Uint8Array,
  after: Uint8Array,
): Promise<Result<Replaced, string>> {
  try {
    const target = await realpath(path)
    const { mode, uid, gid } = await stat(target)
    if ((mode & 0o222) === 0) return err('EACCES')
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
    try {
      await writeThrough(temporary, after, { mode: mode & 0o7777, uid, gid })
      const now = await readWhole(target, before.length)
      if (!now.ok || Buffer.compare(now.value, before) !== 0) return ok('changed')
      await rename(temporary, target)
    } finally {
      await rm(temporary, { force: true })
    }
    await syncDirectory(dirname(target))
    return ok('replaced')
  } catch (error) {
    return err(faultCode(error))
  }
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

/** The umask applies to what `open` makes, so the mode is set afterwards; only root may give a file away. */
async function takeOver(file: FileHandle, { mode, uid, gid }: Ownership): Promise<void> {
  const own = await file.stat()
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid).catch(faultCode)
  await file.chmod(mode)
}

/** Makes the new name durable. Some file systems cannot sync a directory: then the rename alone has to do. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(faultCode)
  if (typeof directory === 'string') return
  await directory.sync().catch(faultCode)
  await directory.close()
}
