import { open } from 'node:fs/promises'

/**
 * Makes the entries of a directory durable: after a power cut a file that was just made is still in it. Systems that
 * cannot do so (some network file systems, Windows) lose nothing by our asking.
 */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined)
  await directory?.sync().catch(() => undefined)
  await directory?.close()
}
