import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'

/**
 * Where autopilot finds the programs that it starts for itself: git, the agent CLIs, what its own shells call. A tree
 * must not bring its own, so relative entries of PATH are ignored, and so is everything inside the repository: what
 * lands there with `--target current` would otherwise run as autopilot's own.
 */

/** Directories whose files are ignored, resolved and as named. */
const barred = new Set<string>()
const paths = new Map<string, string>()
const programs = new Map<string, string>()

/** Bars a directory and everything in it: none of autopilot's own programs may come from there. */
export function barPrograms(directory: string): void {
  const named = resolve(directory)
  for (const path of [named, realPathOf(named) ?? named]) {
    if (barred.has(path)) continue
    barred.add(path)
    paths.clear()
    programs.clear()
  }
}

/** All that are barred: a process that starts programs in place of this one must bar them, too. */
export function barredDirectories(): readonly string[] {
  return [...barred]
}

/**
 * Like {@link barPrograms}, for the repository around a directory, found without git, because git itself must be found
 * first.
 */
export function barProgramsAround(directory: string): void {
  let folder = resolve(directory)
  while (!existsSync(join(folder, '.git'))) {
    const above = dirname(folder)
    if (above === folder) return
    folder = above
  }
  barPrograms(folder)
}

/** Where to look for programs if nothing of the user's PATH is left: an empty one would mean the current directory. */
const plainPath = '/usr/local/bin:/usr/bin:/bin'

/** A PATH without relative entries, and without those that are in the repository or don't exist. */
export function ownPath(path: string | undefined = process.env.PATH): string {
  const given = path ?? plainPath
  const known = paths.get(given)
  if (known !== undefined) return known
  const own = given.split(delimiter).filter(isOutside).join(delimiter) || plainPath
  paths.set(given, own)
  return own
}

/** The absolute path of a program, by its name or already by that, looked up once; undefined if none is allowed. */
export function ownProgram(name: string, path: string | undefined = process.env.PATH): string | undefined {
  const key = `${name}\0${path ?? ''}`
  const known = programs.get(key)
  // A CLI that updates itself, or a version manager, may have moved it.
  if (known !== undefined && existsSync(known)) return known
  const places = isAbsolute(name) ? [''] : ownPath(path).split(delimiter)
  const there = places.map((place) => join(place, name)).filter(isOutside)
  // A program that isn't executable says why when it is started.
  const program = there.find(isProgram) ?? there[0]
  if (program !== undefined) programs.set(key, program)
  return program
}

/**
 * The program itself, if what is on PATH is a launcher that only starts it: `places` are paths from the directory of the
 * launcher's own file. Without such a program, the launcher.
 */
export function behindLauncher(launcher: string, places: readonly string[]): string {
  const directory = dirname(realPathOf(launcher) ?? launcher)
  const there = places.map((place) => join(directory, place))
  return there.find((file) => isProgram(file) && isOutside(file)) ?? launcher
}

/** Where a program is on PATH that isn't allowed. */
export function barredProgram(name: string, path: string | undefined = process.env.PATH): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .map((place) => join(place === '' ? '.' : place, name))
    .find((file) => isProgram(file))
}

/** Started in place of a forbidden program: nothing can exist there. */
export const noProgram = '/nonexistent/autopilot'

/**
 * PATH as the tools of a workspace see it: an entry inside the repository points into the workspace. So what `npm run`
 * and `npx` add leads to the programs of the judged tree, and not to the user's.
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

/** The rest of a path below another; empty for that path itself. */
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
