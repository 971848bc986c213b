import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import { cleanLine } from '../../domain/text.js'
import { ok, type Result } from '../../domain/result.js'
import { readTextIfThere } from '../../platform/files/read-text.js'
import type { RepositoryRefusal } from '../contract.js'
import { refuse } from './refusal.js'
import { filled } from './user-config.js'

/** A path that git's configuration leads to, and its name there. */
interface NamedPath {
  readonly path: string
  readonly what: string
}

/** Pipes and devices, which git would read forever, or wait for. The empty device is a common way to name no file. */
async function neverEnds(path: string): Promise<boolean> {
  const [stats, empty] = await Promise.all([path, '/dev/null'].map((one) => stat(one).catch(() => undefined)))
  if (!stats || (stats.isCharacterDevice() && stats.rdev === empty?.rdev)) return false
  return stats.isFIFO() || stats.isCharacterDevice() || stats.isBlockDevice() || stats.isSocket()
}

/** Refuses the first of these that is a pipe or a device. */
export async function refuseNeverEnding(named: readonly NamedPath[]): Promise<Result<void, RepositoryRefusal>> {
  for (const { path, what } of named) {
    if (!(await neverEnds(path))) continue
    const message = `${cleanLine(path, 300)}, ${what}, is a pipe or a device, and git would wait for it.`
    return refuse('not_a_file', message, 'Replace it with a file, or name another one.')
  }
  return ok(undefined)
}

/** How many files may include one another. Source: git's config.c, MAX_INCLUDE_DEPTH. */
const maxFiles = 100

/**
 * Looks at the files of git's configuration before the first git runs: those of the machine, the user and the
 * repository around a directory, and their includes, under any condition.
 */
export async function checkConfigFiles(dir: string, env: Environment): Promise<Result<void, RepositoryRefusal>> {
  const home = env.HOME ?? homedir()
  const waiting: NamedPath[] = configFiles(dir, env, home).map((path) => ({
    path,
    what: "which is git's configuration",
  }))
  const seen = new Set<string>()
  for (let next = waiting.shift(); next && seen.size < maxFiles; next = waiting.shift()) {
    if (seen.has(next.path)) continue
    seen.add(next.path)
    const checked = await refuseNeverEnding([next])
    if (!checked.ok) return checked
    const text = await readTextIfThere(next.path)
    const from = next.path
    const included = text.ok && text.value !== undefined ? includesOf(text.value) : []
    const what = `which ${cleanLine(from, 200)} includes`
    waiting.push(...included.map((path) => ({ path: expanded(path, home, dirname(from)), what })))
  }
  return ok(undefined)
}

/** Source: git-config(1), FILES. */
function configFiles(dir: string, env: Environment, home: string): string[] {
  const xdg = filled(env.XDG_CONFIG_HOME) ?? join(home, '.config')
  const users = filled(env.GIT_CONFIG_GLOBAL) ?? [join(xdg, 'git', 'config'), join(home, '.gitconfig')]
  const system = env.GIT_CONFIG_NOSYSTEM === undefined ? [filled(env.GIT_CONFIG_SYSTEM) ?? '/etc/gitconfig'] : []
  const above: string[] = []
  for (let folder = resolve(dir); ; folder = dirname(folder)) {
    above.push(join(folder, '.git', 'config'), join(folder, '.git', 'config.worktree'))
    if (dirname(folder) === folder) return [...system, users, ...above].flat()
  }
}

/** The values of `path` in sections `include` and `includeIf`; enough of git's syntax to find what is written by hand. */
function includesOf(text: string): string[] {
  const found: string[] = []
  let isInclude = false
  for (const line of text.split('\n')) {
    const section = /^\s*\[\s*([^\s\]"]+)/.exec(line)?.[1]
    if (section !== undefined) isInclude = /^include(?:if)?$/i.test(section)
    const value = /^(?:\s*\[[^\]]*\])?\s*path\s*=\s*"?([^"\n]*?)"?\s*$/i.exec(line)?.[1]
    if (isInclude && value) found.push(value)
  }
  return found
}

function expanded(path: string, home: string, from: string): string {
  if (path.startsWith('~/')) return join(home, path.slice(2))
  return isAbsolute(path) ? path : resolve(from, path)
}
