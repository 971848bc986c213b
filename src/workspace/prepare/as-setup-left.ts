import { lstat } from 'node:fs/promises'
import { isWithin, onDisk, type GitPath } from '../git-path.js'
import { absentMode, type Change } from '../git/index-changes.js'
import { notedAt } from './notes.js'
import type { Workspace } from '../workspace.js'

/**
 * Files that setup made, that git ignored then, and that nobody has touched since: no work of an agent's, though it has
 * rewritten the rules by which git ignored them (`node_modules`, where `.gitignore` went). Setup's end is told by the file
 * that autopilot writes then; a change of a file's content, or of its name, is a later change of its inode (ctime).
 */
export async function asSetupLeft(workspace: Workspace, changes: readonly Change[]): Promise<ReadonlySet<GitPath>> {
  if (!changes.some(({ path }) => /(^|\/)\.gitignore$/.test(path))) return new Set()
  const added = changes.filter(({ path, oldMode }) => oldMode === absentMode && isWithin(path, workspace.setupPaths))
  const ended = added.length === 0 ? undefined : await notedAt(workspace)
  if (ended === undefined) return new Set()
  const found = await Promise.all(
    added.map(async ({ path }) => {
      const stats = await lstat(onDisk(workspace.root, path)).catch(() => undefined)
      return stats !== undefined && stats.ctimeMs < ended ? [path] : []
    }),
  )
  return new Set(found.flat())
}
