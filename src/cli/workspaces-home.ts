import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Environment } from '../domain/environment.js'
import { cleanLine } from '../domain/text.js'
import { homeIsNoexec, runDirectory } from '../workspace/home.js'

/** Where workspaces lie. `workspacesDir`: as the configuration names it, relative to the user's work tree. */
export function workspacesHome(workspacesDir: string | undefined, root: string, env: Environment): string {
  return workspacesDir === undefined ? cacheDir(env) : resolve(root, workspacesDir)
}

/** What is known of where workspaces lie. */
export interface WorkspacesWhere {
  /** As the configuration names it. */
  readonly workspacesDir?: string | undefined
  /** The user's work tree. */
  readonly root: string
  readonly commonDir: string
  readonly env: Environment
}

/** Where the workspaces of one repository lie, each run's in a directory of its own below. */
function homeOfRepository({ workspacesDir, root, commonDir, env }: WorkspacesWhere): string {
  return join(workspacesHome(workspacesDir, root, env), keyOf(commonDir))
}

/** The same, with all places that runs before this one may have used: by default, and with longer names. */
export function homesOfRepository({ workspacesDir, root, commonDir, env }: WorkspacesWhere): readonly string[] {
  const named = workspacesDir === undefined ? [] : [workspacesHome(workspacesDir, root, env)]
  const now = [cacheDir(env), ...named].map((home) => join(home, keyOf(commonDir)))
  return [...now, ...[join(cacheDir(env), 'workspaces'), ...named].map((home) => join(home, longKeyOf(commonDir)))]
}

/** Where the workspaces of one run lie, and how they are called. */
export interface RunsWorkspaces {
  readonly dir: string
  /** Before the number; no other workspace of the machine has it, since tools name things by a path's last part. */
  readonly prefix: string
  /** Where a run before this version had them. */
  readonly formerDir: string
}

/** `of`: what works there; the workspaces of gates are apart from those of agents. */
export function workspacesOfRun(where: WorkspacesWhere, runId: string, of: 'agents' | 'gates'): RunsWorkspaces {
  const suffix = of === 'gates' ? '-gates' : ''
  const { workspacesDir, root, env } = where
  const former =
    workspacesDir === undefined ? join(cacheDir(env), 'workspaces') : workspacesHome(workspacesDir, root, env)
  return {
    dir: join(homeOfRepository(where), runDirectory(runId) + suffix),
    prefix: `${digest([where.commonDir, runId, of].join('\0')).slice(0, 8)}-`,
    formerDir: join(former, longKeyOf(where.commonDir), runId + suffix),
  }
}

/** The last two parts of the path of a run's directory there. */
export function placeOfRun(commonDir: string, runId: string): string {
  return join(keyOf(commonDir), runDirectory(runId))
}

/** The name of a repository's directory. Short, as all of it is in front of each socket that a test makes. */
function keyOf(commonDir: string): string {
  return longKeyOf(commonDir).slice(0, 8)
}

function longKeyOf(commonDir: string): string {
  return digest(commonDir).slice(0, 16)
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The user's cache directory, by the XDG base directory specification. */
function cacheDir(env: Environment): string {
  const cache = env.XDG_CACHE_HOME
  const base = cache !== undefined && isAbsolute(cache) ? cache : join(env.HOME ?? homedir(), '.cache')
  return join(base, 'autopilot')
}

/** What a person should know about the place where workspaces lie. */
export async function homeWarnings(home: string): Promise<readonly string[]> {
  if (!(await homeIsNoexec(home))) return []
  const where = `${cleanLine(home, 300)}, where workspaces lie, is on a file system that starts no programs (noexec)`
  return [`${where}: what a project runs from its own files fails there; name another place: workspaces: { dir: … }`]
}
