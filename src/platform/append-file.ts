import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { err, ok, type Result } from '../domain/result.js'
import { errorText } from '../domain/text.js'

export interface AppendFile {
  /** Resolves when the text is on disk (fdatasync). Calls must not overlap. */
  append(text: string): Promise<void>
  close(): Promise<void>
}

/** Opens a file, mode 0600 in a directory of mode 0700, for appending. */
export async function openAppendFile(path: string): Promise<Result<AppendFile, string>> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return ok(appending(await open(path, 'a', 0o600)))
  } catch (error) {
    return err(errorText(error))
  }
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
