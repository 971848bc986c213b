import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { err, ok, type Result } from '../../domain/result.js'
import { listAtOnce, statAtOnce } from '../../platform/files/at-once.js'

/** A file of the agent's that is not what it should be; the caller names it in a failure. */
export interface Unreadable {
  readonly path: string
  readonly reason: string
}

/**
 * The bytes of a file that an agent may have written, undefined when there is none: no links, no pipes, no giants. At once:
 * a dozen small files a task, each by four turns in Node's thread pool, keep a slot waiting for longer than their reading.
 */
export function readUntrusted(path: string, maxBytes: number): Result<Buffer | undefined, Unreadable> {
  const opened = openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if (!opened.ok)
    return opened.error === 'ENOENT' ? ok(undefined) : err({ path, reason: `cannot be read (${opened.error})` })
  try {
    const stats = fstatSync(opened.value)
    if (!stats.isFile()) return err({ path, reason: 'is not a regular file' })
    if (stats.size > maxBytes) return err({ path, reason: `is larger than ${maxBytes} bytes` })
    const buffer = Buffer.alloc(stats.size)
    const bytesRead = readSync(opened.value, buffer, 0, stats.size, 0)
    return ok(buffer.subarray(0, bytesRead))
  } finally {
    closeSync(opened.value)
  }
}

function openFile(path: string, flags: number): Result<number, string> {
  try {
    return ok(openSync(path, flags))
  } catch (error) {
    return err((error as NodeJS.ErrnoException).code ?? 'error')
  }
}

/** The regular files in a directory, as relative paths; anything but files and directories is an error. */
export function listUntrusted(directory: string, maxFiles: number): Result<string[], Unreadable> {
  const top = statAtOnce(directory)
  if (!top) return ok([])
  if (!top.isDirectory()) return err({ path: directory, reason: 'is not a directory' })
  const files: string[] = []
  const waiting = ['']
  for (let relative = waiting.pop(); relative !== undefined; relative = waiting.pop()) {
    const entries = listAtOnce(join(directory, relative))
    if (!entries) return err({ path: join(directory, relative), reason: 'cannot be read' })
    for (const entry of entries) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`
      if (entry.isDirectory()) waiting.push(path)
      else if (entry.isFile()) files.push(path)
      else return err({ path: join(directory, path), reason: 'is neither a file nor a directory' })
    }
    if (files.length + waiting.length > maxFiles)
      return err({ path: directory, reason: `holds over ${maxFiles} files` })
  }
  return ok(files.sort())
}
