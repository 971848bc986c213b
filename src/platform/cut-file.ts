import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { err, ok, type Result } from '../domain/result.js'
import { errorText } from '../domain/text.js'
import { syncDirectory } from './sync-directory.js'

const chunkBytes = 64 * 1024
const lineFeed = 10

/**
 * Cuts off what stands behind the last line feed of a file, and appends it to another file first; both are durable
 * then. Gives the number of bytes that were cut. What is not a regular file, or is not there, is left as it is.
 */
export function cutTail(path: string, keptIn: string): Promise<Result<number, string>> {
  return changing(path, async (file, size) => {
    const end = await endOfLines(file, size)
    if (end === size) return 0
    const tail = Buffer.alloc(size - end)
    await file.read(tail, 0, tail.length, end)
    await appendDurably(keptIn, Buffer.concat([tail, Buffer.from('\n')]))
    await cutAt(file, end)
    return tail.length
  })
}

async function changing(
  path: string,
  change: (file: FileHandle, size: number) => Promise<number>,
): Promise<Result<number, string>> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r+')
    const stats = await file.stat()
    return ok(stats.isFile() ? await change(file, stats.size) : 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? ok(0) : err(errorText(error))
  } finally {
    await file?.close()
  }
}

/** Where the last line feed ends; 0 when there is none. */
async function endOfLines(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(chunkBytes)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunkBytes)
    const { bytesRead } = await file.read(chunk, 0, end - start, start)
    const found = chunk.subarray(0, bytesRead).lastIndexOf(lineFeed)
    if (found >= 0) return start + found + 1
    end = start
  }
  return 0
}

async function cutAt(file: FileHandle, end: number): Promise<void> {
  await file.truncate(end)
  await file.sync()
}

async function appendDurably(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'a', 0o600)
  try {
    await file.appendFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(dirname(path))
}
