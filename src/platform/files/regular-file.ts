import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { err, type Result } from '../../domain/result.js'

/** Why a file could not be read: a code of the system, such as `ENOENT` or `EISDIR`, or a few words. */
export type ReadFault = string

/**
 * Opens a regular file to read, and closes it afterwards; devices and pipes, which may never end, are refused. Opening
 * does not block: a pipe that nobody writes to would otherwise be waited for before it can be seen to be one.
 */
export async function withRegularFile<Value>(
  path: string,
  read: (file: FileHandle, size: number) => Promise<Result<Value, ReadFault>>,
): Promise<Result<Value, ReadFault>> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const found = await file.stat()
    if (found.isDirectory()) return err('EISDIR')
    if (!found.isFile()) return err('not a file')
    return await read(file, found.size)
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
