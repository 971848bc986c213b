import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunId } from '../domain/brand.js'
import { isRunId } from '../domain/name.js'
import { cleanLine, errorText } from '../domain/text.js'
import { journalOf, runsDir } from './runs.js'

/** A place where runs keep their records, or the record of one, that is there and cannot be read. */
export interface ClosedRecord {
  readonly path: string
  /** The run whose record it is, where that is known. */
  readonly id?: RunId
  /** What the system said, one clean line. */
  readonly why: string
  /** The id of the user whose it is, where somebody else's. */
  readonly owner?: number
}

/** What {@link listRuns} skips in these directories because it can't be read, such as another user's files. */
export async function closedRecords(roots: readonly string[]): Promise<readonly ClosedRecord[]> {
  const found: ClosedRecord[] = []
  for (const root of new Set(roots)) {
    const names = await readdir(runsDir(root)).catch((error: unknown) => closed(runsDir(root), error))
    if (!Array.isArray(names)) {
      if (names) found.push(names)
      continue
    }
    for (const id of names.filter(isRunId)) {
      const record = await stat(journalOf(root, id)).catch((error: unknown) => closed(journalOf(root, id), error))
      if (record && 'why' in record) found.push({ ...record, id })
    }
  }
  return found
}

/** Why an existing path can't be read; nothing if it doesn't exist. */
async function closed(path: string, error: unknown): Promise<ClosedRecord | undefined> {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  const owner = await ownerOf(path)
  const isMine = owner === undefined || owner === process.getuid?.()
  return { path, why: cleanLine(errorText(error), 300), ...(isMine ? {} : { owner }) }
}

/** Of a path that is closed to this user, the owner of what closes it: the nearest above that can be looked at. */
async function ownerOf(path: string): Promise<number | undefined> {
  const own = await lstat(path).catch(() => undefined)
  if (own) return own.uid
  const above = join(path, '..')
  return above === path ? undefined : ownerOf(above)
}
