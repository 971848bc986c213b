import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, mkdir, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { err, ok, type Result } from '../../domain/result.js'
import { faultCode } from './regular-file.js'
import { syncDirectory } from './sync-directory.js'

/**
 * Puts a file in its place in one step: who reads it sees all of it, or what was there before. Makes the directories
 * around it. A symbolic link stays, its target is replaced; what is no regular file, such as a pipe, is written to. Errors
 * are codes of the system.
 */
export async function putFile(path: string, text: string): Promise<Result<void, string>> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const found = await stat(path).catch(faultCode)
    if (typeof found !== 'string' && !found.isFile()) {
      if (found.isDirectory()) return err('EISDIR')
      await writeFile(path, text)
      return ok(undefined)
    }
    if (typeof found !== 'string' && (found.mode & 0o222) === 0) return err('EACCES')
    await replace(typeof found === 'string' ? path : await realpath(path), text, found)
    return ok(undefined)
  } catch (error) {
    return err(faultCode(error))
  }
}

async function replace(path: string, text: string, found: { readonly mode: number } | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    if (typeof found !== 'string') await chmod(temporary, found.mode & 0o7777)
    await rename(temporary, path)
    await syncDirectory(dirname(path))
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Why a file could not be put there, as far as that can be known before; makes the directories around it. */
export async function whyNotPut(path: string): Promise<string | undefined> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const found = await stat(path).catch(faultCode)
    if (typeof found !== 'string' && found.isDirectory()) return 'EISDIR'
    if (typeof found !== 'string' && (found.mode & 0o222) === 0) return 'EACCES'
    if (typeof found !== 'string' && !found.isFile()) return undefined
    const place = typeof found === 'string' ? path : await realpath(path)
    await access(dirname(place), constants.W_OK)
    return undefined
  } catch (error) {
    return faultCode(error)
  }
}
