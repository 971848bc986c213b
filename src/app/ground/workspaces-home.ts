import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import type { RunId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import { cleanLine } from '../../domain/text.js'
import type { Config } from '../../config/config.js'
import { configName } from '../../config/config-name.js'
import { ownBerths, placeOf, useOfBerth, type BerthUse } from '../../workspace/lease/berths.js'
import { homeFault, homeIsNoexec, runDirectory } from '../../workspace/home.js'
import { ownerOf } from '../../workspace/lease/owner.js'

/** Where workspaces are. `workspacesDir`: as the configuration names it, relative to the user's work tree. */
export function workspacesHome(workspacesDir: string | undefined, root: string, env: Environment): string {
  return workspacesDir === undefined ? cacheDir(env) : resolve(root, workspacesDir)
}

/** What is known about where workspaces are. */
export interface WorkspacesWhere {
  /** As the configuration names it. */
  readonly workspacesDir?: string | undefined
  /** The user's work tree. */
  readonly root: string
  readonly commonDir: string
  readonly env: Environment
}

/** Where the workspaces of one repository are; each run's are in berths of its own below. */
function homeOfRepository({ workspacesDir, root, commonDir, env }: WorkspacesWhere): string {
  return join(workspacesHome(workspacesDir, root, env), keyOf(commonDir))
}

/** The same, with all places that earlier runs may have used: the default, and longer names. */
export function homesOfRepository({ workspacesDir, root, commonDir, env }: WorkspacesWhere): readonly string[] {
  const named = workspacesDir === undefined ? [] : [workspacesHome(workspacesDir, root, env)]
  const now = [cacheDir(env), ...named].map((home) => join(home, keyOf(commonDir)))
  return [...now, ...[join(cacheDir(env), 'workspaces'), ...named].map((home) => join(home, longKeyOf(commonDir)))]
}

/** Where the run's workspaces are, and where those of an earlier part of the run may be. */
export interface RunsHomes {
  readonly home: string
  readonly homes: readonly string[]
  /** Directories that earlier versions named after the run. */
  readonly former: readonly string[]
}

/** `use`: what works there; the workspaces of gates are apart from those of agents. */
export function homesOfRun(where: WorkspacesWhere, runId: RunId, use: BerthUse): RunsHomes {
  const suffix = use === 'gates' ? '-gates' : ''
  const homes = homesOfRepository(where)
  const names = [runDirectory(runId), runId].map((name) => name + suffix)
  return {
    home: homeOfRepository(where),
    homes,
    former: homes.flatMap((home) => names.map((name) => join(home, name))),
  }
}

/**
 * The directories of a run's workspaces, each as the last two parts of its path: those with the run's name, its
 * berths, and the berths around these workspaces, unless another run has them now.
 */
export async function placesOfRun(
  where: WorkspacesWhere,
  runId: RunId,
  workspaces: Iterable<string> = [],
): Promise<readonly string[]> {
  const around = [...new Set([...workspaces].map((path) => dirname(path)))]
  const homes = new Set([...homesOfRepository(where), ...around.map((dir) => dirname(dir))])
  const owned = await ownBerths(homes, runId)
  const told: string[] = []
  for (const dir of around)
    if (useOfBerth(basename(dir)) !== undefined && (await ownerOf(dir)) === undefined) told.push(dir)
  return [...new Set([...namedPlaces(where.commonDir, runId), ...[...owned, ...told].map(placeOf)])]
}

/** The places with a run's name. */
export function namedPlaces(commonDir: string, runId: RunId): readonly string[] {
  return [keyOf(commonDir), longKeyOf(commonDir)].flatMap((key) =>
    [runDirectory(runId), runId].flatMap((name) => [join(key, name), join(key, `${name}-gates`)]),
  )
}

/** The name of a repository's directory. Short, because all of it is a prefix of each socket that a test creates. */
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

/** What a person should know about the place for workspaces. */
export async function homeWarnings(home: string): Promise<readonly string[]> {
  if (!(await homeIsNoexec(home))) return []
  const where = `${cleanLine(home, 300)}, where the workspaces are, is on a file system that runs no programs (noexec)`
  return [`${where}: programs of the project itself fail there; name another place: workspaces: { dir: … }`]
}

/** Why no workspace could be created there, in words; undefined if nothing is known to be in the way. */
export async function checkWorkspaces(
  config: Config,
  root: string,
  env: Environment,
): Promise<{ readonly text: string; readonly help: string } | undefined> {
  const home = workspacesHome(config.file.workspacesDir, root, env)
  const fault = await homeFault(home, root)
  if (fault === undefined) return undefined
  const shown = cleanLine(home, 300)
  const elsewhere = `name a directory outside the repository: workspaces: { dir: … } in ${configName}`
  return fault === 'inside'
    ? { text: `workspaces must not be inside their own repository: ${shown}`, help: elsewhere }
    : { text: `cannot create workspaces: ${shown} is not writable`, help: `make it writable, or ${elsewhere}` }
}
