import { constants } from 'node:fs'
import { access, lstat, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import type { RunId } from '../domain/brand.js'
import { isRunId } from '../domain/name.js'
import { isNoexec } from '../platform/files/noexec.js'

/** Why workspaces can't be in a directory: it is inside the work tree, or can't be created or written. */
export type HomeFault = 'inside' | 'not_writable'

/**
 * Looks whether workspaces could lie below `dir`, an absolute path that need not exist yet, when they are made from the
 * work tree `root`. Changes nothing.
 */
export async function homeFault(dir: string, root: string): Promise<HomeFault | undefined> {
  const [there, missing] = await nearestThere(dir)
  const above = await realpath(there).catch(() => there)
  if (contains(await realpath(root), join(above, missing))) return 'inside'
  // A file in the way of a directory shows here, too.
  return access(`${above}/.`, constants.W_OK | constants.X_OK).then(
    () => undefined,
    () => 'not_writable' as const,
  )
}

/** Whether programs of a project could not be started from workspaces below `dir`. */
export async function homeIsNoexec(dir: string): Promise<boolean> {
  const [there] = await nearestThere(dir)
  return isNoexec(await realpath(there).catch(() => there))
}

/** The nearest of a path and what is above it that exists, and the rest of the path. */
async function nearestThere(path: string): Promise<readonly [there: string, missing: string]> {
  let [there, missing] = [path, '']
  while (dirname(there) !== there && !(await lstat(there).catch(() => undefined))) {
    missing = join(basename(there), missing)
    there = dirname(there)
  }
  return [there, missing]
}

/** Whether `inner` is `outer` or lies below it. Both resolved. */
export function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner)
  return path === '' || (path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path))
}

/** The name of a run's directory: its id without the century and the dashes. */
export function runDirectory(runId: RunId): string {
  return runId.slice(2).replaceAll('-', '')
}

/** The run whose directory it is; earlier ones were called by the whole id. */
export function runOfDirectory(name: string): RunId | undefined {
  if (isRunId(name)) return name
  const [, day, time, random] = /^(\d{6})(\d{6})([0-9a-f]{4})$/.exec(name) ?? []
  return day === undefined ? undefined : (`20${day}-${time}-${random}` as RunId)
}

/** The number of a workspace, by the name of its directory; undefined for what has another name. */
export function workspaceNumber(name: string): number | undefined {
  const [, number] = /^(?:[0-9a-f]{8}-)?(\d{1,9})$/.exec(name) ?? []
  return number === undefined ? undefined : Number(number)
}
