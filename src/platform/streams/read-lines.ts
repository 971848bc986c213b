import type { FileHandle } from 'node:fs/promises'
import { ok, type Result } from '../../domain/result.js'
import { LineSplitter } from './lines.js'
import { withRegularFile, type ReadFault } from '../files/regular-file.js'

const chunkBytes = 64 * 1024
const lineFeed = 0x0a

/**
 * Reads a regular file line by line, one chunk in memory at a time; what stands behind the last line feed is left out.
 * Stops early when `onLine` answers false. Gives where it stopped, in bytes: behind the last line feed, so that `from`
 * there reads on.
 */
export function readLines(
  path: string,
  onLine: (line: string) => boolean,
  from = 0,
): Promise<Result<number, ReadFault>> {
  return withRegularFile(path, (file) => splitAll(file, onLine, from))
}

async function splitAll(
  file: FileHandle,
  onLine: (line: string) => boolean,
  from: number,
): Promise<Result<number, never>> {
  const reading = { continues: true }
  const splitter = new LineSplitter((line) => {
    reading.continues = reading.continues && onLine(line)
  })
  let [bytes, at, end] = [0, from, from]
  do {
    // A chunk of its own each time: the splitter keeps what it has not seen the end of.
    const chunk = Buffer.alloc(chunkBytes)
    bytes = (await file.read(chunk, 0, chunkBytes, at)).bytesRead
    const part = chunk.subarray(0, bytes)
    const feed = part.lastIndexOf(lineFeed)
    if (feed >= 0) end = at + feed + 1
    at += bytes
    splitter.push(part)
  } while (bytes > 0 && reading.continues)
  return ok(end)
}
