import { ok, type Result } from '../../domain/result.js'
import { withRegularFile, type ReadFault } from '../files/regular-file.js'

/** The last whole line of a file, when it begins within the last `maxBytes`; else nothing. */
export async function readLastLine(path: string, maxBytes: number): Promise<Result<string | undefined, ReadFault>> {
  const end = await readEnd(path, { maxBytes })
  if (!end.ok) return end
  const lines = end.value.text.split('\n').slice(0, -1)
  // The first may have begun before.
  return ok(end.value.isCut && lines.length === 1 ? undefined : lines.at(-1))
}

/** The last `maxBytes` of a file, or what stands behind its first `from` bytes if that is less. */
export function readEnd(
  path: string,
  { maxBytes, from = 0 }: { readonly maxBytes: number; readonly from?: number },
): Promise<Result<{ readonly text: string; readonly isCut: boolean }, ReadFault>> {
  return withRegularFile(path, async (file, size) => {
    const start = Math.max(from, size - maxBytes)
    const length = Math.max(0, size - start)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
    return ok({ text: buffer.subarray(0, bytesRead).toString('utf8'), isCut: start > from })
  })
}
