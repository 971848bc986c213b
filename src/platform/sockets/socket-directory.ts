import type { Stats } from 'node:fs'
import { lstat, mkdir, mkdtemp, realpath, rmdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { err, ok, type Result } from '../../domain/result.js'
import { ownUid } from '../user.js'

/**
 * How many bytes a socket's path may have: `sun_path` holds 108 on Linux and 104 elsewhere, with a NUL at the end. Node 20
 * binds what is left of a longer path, and says nothing. Source: unix(7).
 */
export const longestSocketPath = process.platform === 'linux' ? 107 : 103

/** A directory for sockets that nobody else can enter. */
export interface SocketDirectory {
  readonly path: string
  /** Leaves nothing behind of one that was made for this once. */
  readonly close: () => Promise<void>
}

/**
 * Where sockets of this user may be, the best first: in the user's runtime directory, else in a directory of their own
 * below the temporary one. Nothing is made.
 */
export async function socketDirectories(env: Readonly<Record<string, string | undefined>>): Promise<readonly string[]> {
  const { XDG_RUNTIME_DIR: runtime = '', TMPDIR = '' } = env
  const own = `autopilot-${ownUid() ?? 'user'}`
  const temporary = [...new Set([TMPDIR, '/tmp'])].filter(isAbsolute).map((place) => join(place, own))
  // Others could replace what is in a directory that is not the user's alone. Source: XDG Base Directory Specification.
  const isRuntime = isAbsolute(runtime) && (await isPrivateDirectory(runtime))
  return isRuntime ? [join(runtime, 'autopilot'), ...temporary] : temporary
}

/** Opens the first of these directories that is, or can be made, the user's alone, and has room for such a name. */
export async function openSocketDirectory(
  places: readonly string[],
  nameBytes: number,
): Promise<Result<SocketDirectory, string>> {
  const whyNot: string[] = []
  const fits = (path: string) => Buffer.byteLength(path) + 1 + nameBytes <= longestSocketPath
  for (const path of places) {
    if (!fits(path)) whyNot.push(`${path} is too long for a socket's path`)
    else if (await makePrivateDirectory(path)) return ok({ path, close: () => Promise.resolve() })
    else whyNot.push(`${path} is not a directory of yours alone`)
  }
  // Somebody else may have been there first: then one whose name nobody can know before.
  for (const path of places) {
    const unique =
      fits(`${path}-XXXXXX`) && (await hasSafeParent(path)) ? await mkdtemp(`${path}-`).catch(() => '') : ''
    if (unique !== '') return ok({ path: unique, close: () => rmdir(unique).catch(() => undefined) })
  }
  return err(whyNot.join('; '))
}

/** Whether a path is a directory, itself and not by a link, that nobody but its owner, the user, can enter. */
export async function isPrivateDirectory(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  return stats?.isDirectory() === true && isOwn(stats) && (stats.mode & 0o777) === 0o700
}

/** Whether a socket is the user's, in a directory of theirs alone. */
export async function isPrivateSocket(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  return stats?.isSocket() === true && isOwn(stats) && isPrivateDirectory(dirname(path))
}

async function makePrivateDirectory(path: string): Promise<boolean> {
  if (!(await hasSafeParent(path))) return false
  await mkdir(path, { mode: 0o700 }).catch(() => undefined)
  return isPrivateDirectory(path)
}

/** Nobody else can take away what the user makes there: only they and root may write there, or it is sticky. */
async function hasSafeParent(path: string): Promise<boolean> {
  const stats = await realpath(dirname(path))
    .then((real) => stat(real))
    .catch(() => undefined)
  if (!stats || (stats.uid !== 0 && !isOwn(stats))) return false
  return (stats.mode & 0o1000) !== 0 || (stats.mode & 0o022) === 0
}

function isOwn({ uid }: Stats): boolean {
  const own = ownUid()
  return own === undefined || uid === own
}
