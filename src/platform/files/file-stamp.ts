import { stat } from 'node:fs/promises'

/** A file that changed a moment ago may change again without its times showing it, which are a few ms coarse. */
const settledMs = 100

/**
 * What tells a file as it is from the same file after a change: one look, nothing read. Undefined when it cannot be
 * trusted to: the file is not there, or has changed just now.
 */
export async function stampOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(path, { bigint: true })
    if (Date.now() - Number(ctimeMs) < settledMs) return undefined
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return undefined
  }
}
