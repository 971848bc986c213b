import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'

/**
 * Where autopilot finds the programs that it starts for itself: git, the agent CLIs, what its own shells call. A tree
 * must not bring its own, so relative entries of PATH do not count, and neither does anything that lies in the
 * repository worked on: what lands there with `--target current` would otherwise run as autopilot's own.
 */

/** Directories whose files do not count, resolved and as named. */
const barred = new Set<string>()
const paths = new Map<string, string>()
const programs = new Map<string, string>()

/** Takes a directory, and all that lies below it, for a place of which no program of autopilot's own may come. */
export function barPrograms(directory: string): void {
  const named = resolve(directory)
  for (const path of [named, realPathOf(named) ?? named]) {
    if (barred.has(path)) continue
    barred.add(path)
    paths.clear()
    programs.clear()
  }
}

/** As {@link barPrograms}, of the repository around a directory, found without git, which must be found first itself. */
export function barProgramsAround(directory: string): void {
  let at = resolve(directory)
  while (!existsSync(join(at, '.git'))) {
    const above = dirname(at)
    if (above === at) return
    at = above
  }
  barPrograms(at)
}

/** Where programs are looked for when nothing of the user's PATH is left: an empty one would mean the directory one is in. */
const plainPath = '/usr/local/bin:/usr/bin:/bin'

/** A PATH without relative entries, and without those that lie in the repository or are not there. */
export function ownPath(path: string | undefined = process.env.PATH): string {
  const given = path ?? plainPath
  const known = paths.get(given)
  if (known !== undefined) return known
  const own = given.split(delimiter).filter(isOutside).join(delimiter) || plainPath
  paths.set(given, own)
  return own
}

/** The absolute path of a program, found once; undefined where none may count. */
export function ownProgram(name: string, path: string | undefined = process.env.PATH): string | undefined {
  const key = `${name}\0${path ?? ''}`
  const known = programs.get(key)
  // A CLI that updates itself, or a version manager, may have moved it.
  if (known !== undefined && existsSync(known)) return known
  const there = ownPath(path)
    .split(delimiter)
    .map((place) => join(place, name))
    .filter(isOutside)
  // One that may not be executed tells why when it is started.
  const found = there.find(isProgram) ?? there[0]
  if (found !== undefined) programs.set(key, found)
  return found
}

/** Where a program lies on PATH that does not count. */
export function barredProgram(name: string, path: string | undefined = process.env.PATH): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .map((place) => join(place === '' ? '.' : place, name))
    .find((file) => isProgram(file))
}

/** What is started in place of a program that may not be: nothing can be there. */
export const noProgram = '/nonexistent/autopilot'

/**
 * PATH as the tools of a workspace see it: an entry of the repository is the workspace's own. So what `npm run` and `npx`
 * put in front leads to the programs of the tree that is judged, and not to the user's.
 */
export function pathInWorkspace(path: string, repository: string, workspace: string): string {
  const root = realPathOf(repository) ?? repository
  return path
    .split(delimiter)
    .map((entry) => {
      if (!isAbsolute(entry)) return entry
      const below = belowOf(repository, resolve(entry)) ?? belowOf(root, realPathOf(entry) ?? resolve(entry))
      return below === undefined ? entry : join(workspace, below)
    })
    .join(delimiter)
}

function isOutside(path: string): boolean {
  if (!isAbsolute(path)) return false
  const real = realPathOf(path)
  if (real === undefined) return false
  const places = [resolve(path), real]
  return ![...barred].some((root) => places.some((place) => belowOf(root, place) !== undefined))
}

/** The rest of a path below another; empty for that one itself. */
function belowOf(root: string, path: string): string | undefined {
  const rest = relative(root, path)
  return rest === '..' || rest.startsWith(`..${sep}`) || isAbsolute(rest) ? undefined : rest
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Whether it is a file that may be executed. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
