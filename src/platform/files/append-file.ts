import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { err, ok, type Result } from '../../domain/result.js'
import { errorText } from '../../domain/text.js'
import { syncDirectory } from './sync-directory.js'

export interface AppendFile {
  /** Resolves when the text is on disk (fdatasync). Calls must not overlap. */
  append(text: string): Promise<void>
  close(): Promise<void>
}

/** Opens a file, mode 0600 in a directory of mode 0700, for appending; what had to be made for that is durable then. */
export async function openAppendFile(path: string): Promise<Result<AppendFile, string>> {
  try {
    const directory = dirname(path)
    const outermost = await mkdir(directory, { recursive: true, mode: 0o700 })
    const handle = await open(path, 'a', 0o600)
    await syncUpTo(directory, outermost)
    return ok(appending(handle))
  } catch (error) {
    return err(errorText(error))
  }
}

/** A directory's own entry stands in the one around it: up to the one that the outermost new directory was made in. */
async function syncUpTo(directory: string, outermost: string | undefined): Promise<void> {
  await syncDirectory(directory)
  if (outermost === undefined || directory.length < outermost.length) return
  await syncUpTo(dirname(directory), outermost)
}

function appending(handle: FileHandle): AppendFile {
  return {
    async append(text) {
      await handle.appendFile(text)
      await handle.datasync()
    },
    close: () => handle.close().catch(() => undefined),
  }
}
