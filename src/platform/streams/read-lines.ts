import type { FileHandle } from 'node:fs/promises'
import { ok, type Result } from '../../domain/result.js'
import { LineSplitter } from './lines.js'
import { withRegularFile, type ReadFault } from '../files/regular-file.js'

const chunkBytes = 64 * 1024

/**
 * Reads a regular file line by line, one chunk in memory at a time; what stands behind the last line feed is left out.
 * Stops early when `onLine` answers false.
 */
export function readLines(path: string, onLine: (line: string) => boolean): Promise<Result<void, ReadFault>> {
  return withRegularFile(path, (file) => splitAll(file, onLine))
}

async function splitAll(file: FileHandle, onLine: (line: string) => boolean): Promise<Result<void, never>> {
  const reading = { continues: true }
  const splitter = new LineSplitter((line) => {
    reading.continues = reading.continues && onLine(line)
  })
  let bytes = 0
  do {
    // A chunk of its own each time: the splitter keeps what it has not seen the end of.
    const chunk = Buffer.alloc(chunkBytes)
    bytes = (await file.read(chunk, 0, chunkBytes)).bytesRead
    splitter.push(chunk.subarray(0, bytes))
  } while (bytes > 0 && reading.continues)
  return ok(undefined)
}
