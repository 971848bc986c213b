import { lstat, readdir } from 'node:fs/promises'
import type { GitPlace } from '../../platform/git/git.js'
import { gitBytes } from '../../platform/git/git.js'
import { isWithin, joinNul, onDisk, splitNul, type GitPath } from '../git-path.js'

/** What a work tree holds that git must not meet, or would silently pass over. */
export interface Obstacles {
  /** Directories below the root with a `.git` of their own, of whatever kind. */
  readonly repositories: readonly GitPath[]
  /** `.gitignore` or `.gitattributes` that are pipes, sockets or devices: git would wait for ever to read them. */
  readonly pipes: readonly GitPath[]
}

/** How many directories are read at once. */
const parallel = 16

/**
 * Walks the work tree without following a symbolic link. It comes before any git command there: for a submodule with
 * a `.git`, `git add` starts `git status` inside, under the configuration that the agent wrote.
 */
export async function findObstacles(root: string, except: readonly GitPath[] = []): Promise<Obstacles> {
  const found = { repositories: [] as GitPath[], pipes: [] as GitPath[] }
  const skipped = new Set(except)
  let level: GitPath[] = ['']
  while (level.length > 0) {
    const next: GitPath[] = []
    for (let start = 0; start < level.length; start += parallel) {
      const batch = level.slice(start, start + parallel)
      const below = await Promise.all(batch.map((directory) => readLevel(root, directory, found)))
      next.push(...below.flat().filter((path) => !skipped.has(path)))
    }
    level = next
  }
  return { repositories: found.repositories.sort(), pipes: found.pipes.sort() }
}

async function readLevel(
  root: string,
  directory: GitPath,
  found: { repositories: GitPath[]; pipes: GitPath[] },
): Promise<GitPath[]> {
  // A directory that cannot be read is git's to complain about.
  const entries = await readdir(onDisk(root, directory), { withFileTypes: true, encoding: 'latin1' }).catch(() => [])
  const below: GitPath[] = []
  for (const entry of entries) {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`
    if (entry.name === '.git') {
      if (directory !== '') found.repositories.push(directory)
    } else if (entry.isDirectory()) below.push(path)
    else if (/^\.git(ignore|attributes|modules)$/.test(entry.name) && !entry.isFile() && !entry.isSymbolicLink()) {
      found.pipes.push(path)
    }
  }
  return below
}

/** Those of the submodule paths that hold something: autopilot leaves submodules unpopulated, and git looks away. */
export async function filledSubmodules(root: string, gitlinks: readonly GitPath[]): Promise<GitPath[]> {
  const filled: GitPath[] = []
  for (const path of gitlinks) {
    const stats = await lstat(onDisk(root, path)).catch(() => undefined)
    if (!stats?.isDirectory()) continue
    const entries = await readdir(onDisk(root, path)).catch(() => ['unreadable'])
    if (entries.length > 0) filled.push(path)
  }
  return filled
}

/** Those of the nested repositories that no ignore rule covers: their content would be lost. */
export async function unignored(
  place: GitPlace,
  repositories: readonly GitPath[],
  gitlinks: readonly GitPath[],
): Promise<GitPath[]> {
  if (repositories.length === 0) return []
  const asked = repositories.filter((path) => !isWithin(path, gitlinks))
  // This command knows no literal paths, and takes a leading colon for magic: hence the dot in front.
  const input = joinNul(asked.map((path) => `./${path}`))
  const env = { GIT_LITERAL_PATHSPECS: '0' }
  // Status 1 means that none is ignored; on any other trouble none counts as ignored, which errs on the safe side.
  const result = await gitBytes(place, ['check-ignore', '-z', '--stdin'], { input, env })
  const ignored = new Set(result.ok ? splitNul(result.value).map((path) => path.slice('./'.length)) : [])
  return repositories.filter((path) => !ignored.has(path))
}
