import { constants } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { err, ok, type Result } from '../domain/result.js'

/** Why a file could not be read: a code of the system, such as `ENOENT` or `EISDIR`, or `too_big`. */
export type ReadFault = string

/**
 * Reads a whole regular file of at most `maxBytes`; devices and pipes, which may never end, are refused. Opening does
 * not block: a pipe that nobody writes to would otherwise be waited for before it can be seen to be one.
 */
export async function readWhole(path: string, maxBytes: number): Promise<Result<Uint8Array, ReadFault>> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const found = await file.stat()
    if (found.isDirectory()) return err('EISDIR')
    if (!found.isFile()) return err('not a file')
    return found.size > maxBytes ? err('too_big') : ok(await file.readFile())
  } catch (error) {
    return err(faultCode(error))
  } finally {
    await file?.close()
  }
}

/** The system's code of a failed call; anything else is a bug and goes on upwards. */
export function faultCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code === 'string') return code
  throw error
}

/** Whether a path names a regular file, through symbolic links. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
