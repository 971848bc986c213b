import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Environment } from '../domain/environment.js'
import { cleanLine } from '../domain/text.js'
import { homeIsNoexec } from '../workspace/home.js'

/** Where workspaces lie. `workspacesDir`: as the configuration names it, relative to the user's work tree. */
export function workspacesHome(workspacesDir: string | undefined, root: string, env: Environment): string {
  return workspacesDir === undefined ? cacheDir(env) : resolve(root, workspacesDir)
}

/** Where those of one repository lie, each run's in a directory of its own below. */
export function homeOfRepository(home: string, commonDir: string): string {
  return join(home, keyOf(commonDir))
}

/** The name of a repository's directory there. */
export function keyOf(commonDir: string): string {
  return createHash('sha256').update(commonDir).digest('hex').slice(0, 16)
}

/** The user's cache directory, by the XDG base directory specification. */
function cacheDir(env: Environment): string {
  const cache = env.XDG_CACHE_HOME
  const base = cache !== undefined && isAbsolute(cache) ? cache : join(env.HOME ?? homedir(), '.cache')
  return join(base, 'autopilot', 'workspaces')
}

/** What a person should know about the place where workspaces lie. */
export async function homeWarnings(home: string): Promise<readonly string[]> {
  if (!(await homeIsNoexec(home))) return []
  const where = `${cleanLine(home, 300)}, where workspaces lie, is on a file system that starts no programs (noexec)`
  return [`${where}: what a project runs from its own files fails there; name another place: workspaces: { dir: … }`]
}
