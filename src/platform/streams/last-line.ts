import { ok, type Result } from '../../domain/result.js'
import { withRegularFile, type ReadFault } from '../files/regular-file.js'

/** The last whole line of a file, when it begins within the last `maxBytes`; else nothing. */
export function readLastLine(path: string, maxBytes: number): Promise<Result<string | undefined, ReadFault>> {
  return withRegularFile(path, async (file, size) => {
    const from = Math.max(0, size - maxBytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from)
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n').slice(0, -1)
    // The first may have begun before.
    return ok(from > 0 && lines.length === 1 ? undefined : lines.at(-1))
  })
}
