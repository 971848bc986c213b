import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'

/** The path with symbolic links resolved, or as it is where that cannot be done. */
export async function realPathOr(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}
