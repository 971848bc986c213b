import { constants } from 'node:fs'
import { lstat, open, readdir, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { err, ok, type Result } from '../../domain/result.js'

/** A file of the agent's that is not what it should be; the caller names it in a failure. */
export interface Unreadable {
  readonly path: string
  readonly reason: string
}

/** The bytes of a file that an agent may have written, undefined when there is none: no links, no pipes, no giants. */
export async function readUntrusted(path: string, maxBytes: number): Promise<Result<Buffer | undefined, Unreadable>> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const opened = await openFile(path, flags)
  if (!opened.ok)
    return opened.error === 'ENOENT' ? ok(undefined) : err({ path, reason: `cannot be read (${opened.error})` })
  const file = opened.value
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return err({ path, reason: 'is not a regular file' })
    if (stats.size > maxBytes) return err({ path, reason: `is larger than ${maxBytes} bytes` })
    const buffer = Buffer.alloc(stats.size)
    const { bytesRead } = await file.read(buffer, 0, stats.size, 0)
    return ok(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

async function openFile(path: string, flags: number): Promise<Result<FileHandle, string>> {
  try {
    return ok(await open(path, flags))
  } catch (error) {
    return err((error as NodeJS.ErrnoException).code ?? 'error')
  }
}

/** The regular files below a directory, as relative paths; anything but files and directories is an error. */
export async function listUntrusted(directory: string, maxFiles: number): Promise<Result<string[], Unreadable>> {
  const top = await lstat(directory).catch(() => undefined)
  if (!top) return ok([])
  if (!top.isDirectory()) return err({ path: directory, reason: 'is not a directory' })
  const files: string[] = []
  const waiting = ['']
  for (let relative = waiting.pop(); relative !== undefined; relative = waiting.pop()) {
    const entries = await readdir(join(directory, relative), { withFileTypes: true }).catch(() => undefined)
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
