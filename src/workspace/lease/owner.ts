import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunId } from '../../domain/brand.js'
import * as z from 'zod/mini'
import { readWhole } from '../../platform/files/read-whole.js'

/** The file in a directory for workspaces that says whose it is. Hidden from what a pattern beside it catches. */
export const ownerFile = '.owner'

const maxBytes = 64 * 1024
const fields = z.object({ run: z.string() })

/** The run that a directory belongs to; undefined when nothing says so that can be read: then it is somebody's. */
export async function ownerOf(dir: string): Promise<RunId | undefined> {
  const bytes = await readWhole(join(dir, ownerFile), maxBytes)
  if (!bytes.ok) return undefined
  try {
    return fields.safeParse(JSON.parse(new TextDecoder().decode(bytes.value))).data?.run as RunId | undefined
  } catch {
    return undefined
  }
}

/** Says whose a directory is, durably; throws what the disk throws. `repository` is for a person who finds it. */
export async function writeOwner(dir: string, run: RunId, repository: string): Promise<void> {
  const file = await open(join(dir, ownerFile), 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify({ run, repository })}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}
