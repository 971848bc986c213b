import { lstat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import type { CommitId } from '../../domain/brand.js'
import { digestOf } from '../../platform/files/digest.js'
import { readAtOnce } from '../../platform/files/at-once.js'
import type { GitPlace } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import { onDisk, type GitPath } from '../git-path.js'
import type { Workspace } from '../workspace.js'

const text = z.string()
const storeFields = { objectsDir: text, refs: text, shallow: z.optional(text) }
const commit = z.custom<CommitId>((value) => typeof value === 'string')
const populatedFields = z.object({ path: text, parent: text, key: text, commit, store: z.object(storeFields) })
const fields = z.object({
  populated: z.array(populatedFields),
  stores: z.array(z.object({ path: text, parent: text, key: text, store: z.object(storeFields) })),
  empty: z.array(text),
  leavings: z.array(z.tuple([text, text])),
})

/** A submodule whose files lie in a workspace. */
export type Populated = z.infer<typeof populatedFields>

/**
 * What is known about a workspace's submodules, besides the trusted index; no agent knows about it, and it outlives a
 * run.
 */
export interface SubmoduleNotes {
  /** Those whose files are there; a nested one comes after the outer one. */
  readonly populated: readonly Populated[]
  /** Histories that setup brought and autopilot has copied. */
  readonly stores: readonly Omit<Populated, 'commit'>[]
  /** `path commit` of those that stayed empty after setup: it would bring them no other time. */
  readonly empty: readonly string[]
  /** What setup left in them: paths from the root, each with what tells whether it was changed since. */
  readonly leavings: ReadonlyMap<GitPath, string>
}

const none: SubmoduleNotes = { populated: [], stores: [], empty: [], leavings: new Map() }

function notesFile({ stateDir }: Pick<Workspace, 'stateDir'>): string {
  return join(stateDir, 'submodules.json')
}

export function readSubmoduleNotes(workspace: Pick<Workspace, 'stateDir'>): SubmoduleNotes {
  const content = readAtOnce(notesFile(workspace))?.toString('utf8')
  if (content === undefined) return none
  const { leavings, ...notes } = fields.parse(JSON.parse(content))
  return { ...notes, leavings: new Map(leavings) }
}

/** Throws what the disk throws. */
export async function writeSubmoduleNotes(
  workspace: Pick<Workspace, 'stateDir'>,
  { leavings, ...notes }: SubmoduleNotes,
): Promise<void> {
  await writeFile(notesFile(workspace), JSON.stringify({ ...notes, leavings: [...leavings] }), { mode: 0o600 })
}

/** The files of a submodule, under autopilot's own configuration, with an index that no agent sees. */
export function submodulePlace(
  { trusted }: Pick<Repository, 'trusted'>,
  workspace: Pick<Workspace, 'root' | 'stateDir'>,
  { path, store }: Pick<Populated, 'path' | 'store'>,
): GitPlace & { readonly workTree: string; readonly indexFile: string } {
  return {
    ...trusted,
    objectDir: store.objectsDir,
    workTree: onDisk(workspace.root, path).toString('utf8'),
    indexFile: join(workspace.stateDir, `submodule-${digestOf(path)}`),
  }
}

/** Whether it is a directory that is reached without a link: nothing is read or written behind one. */
export async function isRealDirectory(root: string, path: GitPath): Promise<boolean> {
  const names = path.split('/')
  for (let depth = 1; depth <= names.length; depth++) {
    const stats = await lstat(onDisk(root, names.slice(0, depth).join('/'))).catch(() => undefined)
    if (!stats?.isDirectory()) return false
  }
  return true
}

/** Where its git directory is in a workspace, relative to the root. */
export function gitDirOf({ key }: Pick<Populated, 'key'>): string {
  return `.git/${key}`
}
