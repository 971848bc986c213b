import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import type { CommitId } from '../../domain/brand.js'
import type { SetUp, Workspace } from '../workspace.js'

/** What of a workspace outlives autopilot: all that cannot be seen by looking at it. */
type Notes = Pick<Workspace, 'identity' | 'furnished' | 'kept' | 'leavings' | 'setupPaths' | 'setUp'>

const paths = z.array(z.string())
const commitId = z.custom<CommitId>((value) => typeof value === 'string')
const fields = z.object({
  identity: z.string(),
  furnished: paths,
  kept: paths,
  leavings: z.array(z.tuple([z.string(), z.string()])),
  setupPaths: paths,
  setUp: z.optional(z.object({ at: commitId, survives: z.boolean(), changedFiles: z.boolean(), kept: paths })),
})

function notesFile(stateDir: string): string {
  return join(stateDir, 'workspace.json')
}

/**
 * Written when a workspace has been created or set up, so that a resumed run can continue in it. Throws what the disk
 * throws.
 */
export async function writeNotes({ stateDir, leavings, ...workspace }: Workspace): Promise<void> {
  const { identity, furnished, kept, setupPaths, setUp } = workspace
  const notes = { identity, furnished, kept, leavings: [...leavings], setupPaths, setUp }
  await writeFile(notesFile(stateDir), JSON.stringify(notes), { mode: 0o600 })
}

/** When they were written: once setup had ended. Epoch ms, by the clock of the file system. */
export async function notedAt({ stateDir }: Pick<Workspace, 'stateDir'>): Promise<number | undefined> {
  return (await stat(notesFile(stateDir)).catch(() => undefined))?.ctimeMs
}

/** Undefined when there are none that can be read. */
export async function readNotes(stateDir: string): Promise<Notes | undefined> {
  try {
    const { setUp, leavings, ...notes } = fields.parse(JSON.parse(await readFile(notesFile(stateDir), 'utf8')))
    const known: { readonly setUp?: SetUp } = setUp ? { setUp } : {}
    return { ...notes, leavings: new Map(leavings), ...known }
  } catch {
    return undefined
  }
}
