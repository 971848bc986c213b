import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface AppendFile {
  /** Resolves when the text is on disk (fdatasync). Calls must not overlap. */
  append(text: string): Promise<void>
  close(): Promise<void>
}

/** Opens a file, mode 0600 in a directory of mode 0700, for appending. */
export async function openAppendFile(path: string): Promise<AppendFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const handle = await open(path, 'a', 0o600)
  return {
    async append(text) {
      await handle.appendFile(text)
      await handle.datasync()
    },
    close: () => handle.close(),
  }
}
