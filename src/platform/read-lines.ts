import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { err, ok, type Result } from '../domain/result.js'
import { LineSplitter } from './lines.js'
import { faultCode, type ReadFault } from './read-whole.js'

const chunkBytes = 64 * 1024

/**
 * Reads a regular file line by line, one chunk in memory at a time; what stands behind the last line feed is left out.
 * Stops early when `onLine` answers false. A pipe is refused, not waited for.
 */
export async function readLines(path: string, onLine: (line: string) => boolean): Promise<Result<void, ReadFault>> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const found = await file.stat()
    if (found.isDirectory()) return err('EISDIR')
    if (!found.isFile()) return err('not a file')
    await splitAll(file, onLine)
    return ok(undefined)
  } catch (error) {
    return err(faultCode(error))
  } finally {
    await file?.close()
  }
}

async function splitAll(file: FileHandle, onLine: (line: string) => boolean): Promise<void> {
  const reading = { goesOn: true }
  const splitter = new LineSplitter((line) => {
    reading.goesOn = reading.goesOn && onLine(line)
  })
  let bytes = 0
  do {
    // A chunk of its own each time: the splitter keeps what it has not seen the end of.
    const chunk = Buffer.alloc(chunkBytes)
    bytes = (await file.read(chunk, 0, chunkBytes)).bytesRead
    splitter.push(chunk.subarray(0, bytes))
  } while (bytes > 0 && reading.goesOn)
}
