import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What paths with wildcards stand for in a tree. */
export interface FoundPaths {
  /** Paths from the root: those without wildcards as they were given, even if they don't exist. */
  readonly paths: readonly string[]
  /** Those of the given ones that nothing is at. */
  readonly missing: readonly string[]
}

/** Where `**` doesn't go: what packages contain is nobody's configuration. */
const passedOver: ReadonlySet<string> = new Set(['node_modules', '.autopilot'])

/**
 * Looks paths of `copy:` or `link:` up in the user's tree. `*`, `?` and `[…]` match within a name and `**` any directories,
 * as in a git pathspec with `:(glob)`. A file of exactly that name comes first (`app/[id]/.env`); no symbolic link is
 * followed, and no git directory matches.
 */
export async function findPaths(root: string, given: readonly string[]): Promise<FoundPaths> {
  const paths = new Set<string>()
  const missing: string[] = []
  for (const path of given) {
    const isThere = (await lstat(join(root, path)).catch(() => undefined)) !== undefined
    const matches = isThere || !hasWildcard(path) ? [path] : await below(root, '', namesOf(path))
    if (!isThere && (matches.length === 0 || !hasWildcard(path))) missing.push(path)
    for (const match of matches) paths.add(match)
  }
  return { paths: [...paths], missing }
}

export function hasWildcard(path: string): boolean {
  return /[*?[]/.test(path)
}

function namesOf(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

async function below(root: string, directory: string, [name, ...rest]: readonly string[]): Promise<string[]> {
  if (name === undefined) return directory === '' ? [] : [directory]
  const entries = await readdir(join(root, directory), { withFileTypes: true }).catch(() => [])
  const pathOf = (one: string) => (directory === '' ? one : `${directory}/${one}`)
  const names = entries
    .filter((entry) => entry.name.toLowerCase() !== '.git')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  if (name === '**') {
    const deeper = names.filter((entry) => entry.isDirectory() && !passedOver.has(entry.name))
    const here = rest.length > 0 ? await below(root, directory, rest) : names.map((entry) => pathOf(entry.name))
    const inDirectories =
      rest.length > 0 ? await each(deeper, (entry) => below(root, pathOf(entry.name), [name, ...rest])) : []
    return [...here, ...inDirectories]
  }
  const matches = matcher(name)
  const matching = names.filter((entry) => matches(entry.name) && (rest.length === 0 || entry.isDirectory()))
  return each(matching, (entry) => below(root, pathOf(entry.name), rest))
}

/** One after the other: a big tree must not need more open directories than are allowed. */
async function each<One>(ones: readonly One[], step: (one: One) => Promise<string[]>): Promise<string[]> {
  const all: string[] = []
  for (const one of ones) all.push(...(await step(one)))
  return all
}

/** A name's pattern: `*`, `?`, `[abc]`, `[a-z]`, `[!a]`, and a backslash before what is meant as it is. */
function matcher(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/\\(.)|(\*+)|(\?)|\[([!^]?)(\]?[^\]]*)\]|([\s\S])/gu, (_, ...parts: string[]) => {
    const [literal, star, any, not, set, plain] = parts
    if (star) return '.*'
    if (any) return '.'
    if (set) return `[${not ? '^' : ''}${set.replace(/[\\\]^]/g, '\\$&')}]`
    return (literal ?? plain ?? '').replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  })
  try {
    const regex = new RegExp(`^${source}$`, 'su')
    return (name) => regex.test(name)
  } catch {
    // A range that goes backwards matches nothing, as for git.
    return () => false
  }
}
