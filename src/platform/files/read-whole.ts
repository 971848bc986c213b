import { stat } from 'node:fs/promises'
import { err, ok, type Result } from '../../domain/result.js'
import { withRegularFile, type ReadFault } from './regular-file.js'

/** Reads a whole regular file; one of more than `maxBytes` is `too_big`. */
export function readWhole(path: string, maxBytes: number): Promise<Result<Uint8Array, ReadFault>> {
  return withRegularFile(path, async (file, size) => (size > maxBytes ? err('too_big') : ok(await file.readFile())))
}

/** Whether a path names a regular file, through symbolic links. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
