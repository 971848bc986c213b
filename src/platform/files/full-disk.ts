import { statfs } from 'node:fs/promises'

/** With less than this an agent cannot do anything of use, bytes. */
const least = 1024 * 1024

/** Whether an agent that works there lacks room; a path that is not there has room. */
export async function lacksRoom(path: string): Promise<boolean> {
  const room = await statfs(path).catch(() => undefined)
  return room !== undefined && (room.bavail * room.bsize < least || (room.files > 0 && room.ffree === 0))
}

/** The first of these paths on whose disk there is no room for a block or for a file; a path that is not there has room. */
export async function fullDisk(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const room = await statfs(path).catch(() => undefined)
    // Disks that count no files at all say 0 of 0.
    if (room && (room.bavail === 0 || (room.files > 0 && room.ffree === 0))) return path
  }
  return undefined
}
