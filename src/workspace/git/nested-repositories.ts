import { setImmediate as turn } from 'node:timers/promises'
import { listAtOnce, statAtOnce } from '../../platform/files/at-once.js'
import type { GitPlace } from '../../platform/git/git.js'
import { gitBytes } from '../../platform/git/git.js'
import { isWithin, joinNul, onDisk, splitNul, type GitPath } from '../git-path.js'

/** What a work tree holds that git must not meet, or would silently pass over. */
export interface Obstacles {
  /** Directories below the root with their own `.git`, of any kind. */
  readonly repositories: readonly GitPath[]
  /** `.gitignore` or `.gitattributes` that are pipes, sockets or devices: git would wait for ever to read them. */
  readonly pipes: readonly GitPath[]
}

/** So many directories are read between two turns of the event loop. */
const perTurn = 250

/**
 * Walks the work tree without following a symbolic link. It comes before any git command there: for a submodule with
 * a `.git`, `git add` starts `git status` inside, under the configuration that the agent wrote.
 */
export async function findObstacles(root: string, except: readonly GitPath[] = []): Promise<Obstacles> {
  const obstacles = { repositories: [] as GitPath[], pipes: [] as GitPath[] }
  const skipped = new Set(except)
  const waiting: GitPath[] = ['']
  let read = 0
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    waiting.push(...readLevel(root, directory, obstacles).filter((path) => !skipped.has(path)))
    if (++read % perTurn === 0) await turn()
  }
  return { repositories: obstacles.repositories.sort(), pipes: obstacles.pipes.sort() }
}

function readLevel(
  root: string,
  directory: GitPath,
  obstacles: { repositories: GitPath[]; pipes: GitPath[] },
): GitPath[] {
  // A directory that cannot be read is git's to complain about.
  const entries = listAtOnce(onDisk(root, directory)) ?? []
  const below: GitPath[] = []
  for (const entry of entries) {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`
    if (entry.name === '.git') {
      if (directory !== '') obstacles.repositories.push(directory)
    } else if (entry.isDirectory()) below.push(path)
    else if (/^\.git(ignore|attributes|modules)$/.test(entry.name) && !entry.isFile() && !entry.isSymbolicLink()) {
      obstacles.pipes.push(path)
    }
  }
  return below
}

/** Those of the submodule paths that hold something: autopilot leaves submodules unpopulated, and git looks away. */
export function filledSubmodules(root: string, gitlinks: readonly GitPath[]): GitPath[] {
  return gitlinks.filter((path) => {
    const directory = onDisk(root, path)
    // One that cannot be read may hold something.
    return statAtOnce(directory)?.isDirectory() === true && listAtOnce(directory)?.length !== 0
  })
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
  // Status 1 means that none is ignored; on any other trouble none counts as ignored, which is the safe side.
  const result = await gitBytes(place, ['check-ignore', '-z', '--stdin'], { input, env })
  const ignored = new Set(result.ok ? splitNul(result.value).map((path) => path.slice('./'.length)) : [])
  return repositories.filter((path) => !ignored.has(path))
}
