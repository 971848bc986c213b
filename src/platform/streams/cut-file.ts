import { constants, copyFile, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { err, ok, type Result } from '../../domain/result.js'
import { errorText } from '../../domain/text.js'
import { syncDirectory } from '../files/sync-directory.js'

const chunkBytes = 64 * 1024
const lineFeed = 10

/**
 * Cuts off what is after the last line feed of a file, and appends it to another file first; both are then durable.
 * Returns the number of bytes cut. A file that isn't regular, or doesn't exist, is left alone.
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

/** Keeps the first `lines` lines of a file and cuts off the rest, once the whole is in a copy that was not there before. */
export function cutAfterLines(path: string, lines: number, copy: string): Promise<Result<number, string>> {
  return changing(path, async (file, size) => {
    await copyFile(path, copy, constants.COPYFILE_EXCL)
    await syncFile(copy)
    const end = await startOfLine(file, lines)
    await cutAt(file, end)
    return size - end
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

/** Where the line behind the first `lines` begins. */
async function startOfLine(file: FileHandle, lines: number): Promise<number> {
  const chunk = Buffer.alloc(chunkBytes)
  let [offset, left] = [0, lines]
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, offset)
    if (left === 0 || bytesRead === 0) return offset
    const read = chunk.subarray(0, bytesRead)
    let from = 0
    for (; left > 0; left--) {
      const found = read.indexOf(lineFeed, from)
      if (found < 0) break
      from = found + 1
    }
    if (left === 0) return offset + from
    offset += bytesRead
  }
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

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  await file.sync().finally(() => file.close())
  await syncDirectory(dirname(path))
}
