import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createGitRepo, type GitRepo, type GitRepoOptions } from './git-repo.js'
import { startProgram, type Ended, type Running } from '../rigs/program.js'

/** A repository with a roadmap, a clean home, and a PATH that holds nothing but what the test puts on it. */
export interface Scene {
  readonly repo: GitRepo
  /** What the program is started with; a test may add to it. */
  readonly env: Record<string, string>
  /** Puts an executable file on the PATH. */
  readonly program: (name: string, content: string) => void
  /** Starts `autopilot` with these arguments in the repository, or in `cwd`. */
  readonly start: (args: readonly string[], options?: StartOptions) => Running
  /** As {@link start}, to its end. */
  readonly run: (args: readonly string[], options?: StartOptions) => Promise<Ended>
  /** A file of the target branch. */
  readonly landed: (path: string, branch?: string) => string
  /** The subjects of the commits that landed, oldest first. */
  readonly subjects: (branch?: string) => readonly string[]
  readonly remove: () => void
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** In a session of its own. */
  readonly isAlone?: true
}

export interface SceneOptions extends GitRepoOptions {
  readonly roadmap?: string
}

const tools = [
  ...['sh', 'git', 'cat', 'sed', 'mkdir', 'rm', 'mv', 'cp', 'ln', 'printf', 'env', 'sleep', 'chmod', 'touch', 'tr'],
  ...['awk', 'grep', 'readlink', 'mktemp', 'make', 'find', 'test', 'ls', 'head', 'wc', 'seq', 'echo', 'dirname'],
  ...['setsid', 'mkfifo'],
]

/** Makes a repository whose first commit has the roadmap, if one is given, and the files. */
export function createScene(options: SceneOptions = {}): Scene {
  const { roadmap, files, ...rest } = options
  const content = files === false ? files : { 'README.md': 'hello\n', ...files }
  const withRoadmap = content && roadmap !== undefined ? { ...content, 'roadmap.yaml': roadmap } : content
  const repo = createGitRepo({ ...rest, files: withRoadmap })
  const bin = repo.beside('bin')
  linkTools(bin)
  const env: Record<string, string> = { PATH: bin, HOME: repo.home, LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1' }
  // So that all whole runs can be tried on workers.
  for (const name of ['AUTOPILOT_WORKERS', 'AUTOPILOT_ONE_SHOT']) {
    const value = process.env[name]
    if (value) env[name] = value
  }
  const start = (args: readonly string[], { cwd = repo.dir, env: more = {}, isAlone }: StartOptions = {}) =>
    startProgram(args, { cwd, env: { ...env, ...more }, ...(isAlone ? { isAlone } : {}) })
  return {
    repo,
    env,
    program: (name, text) => writeExecutable(join(bin, name), text),
    start,
    run: (args, startOptions) => start(args, startOptions).ended,
    landed: (path, branch = 'autopilot/main') => repo.git('show', `${branch}:${path}`),
    subjects: (branch = 'autopilot/main') =>
      repo.git('log', '--reverse', '--format=%s', `main..${branch}`).split('\n').filter(Boolean),
    remove: repo.remove,
  }
}

/** Everyday tools of the machine, without any agent CLI that happens to be beside them. */
function linkTools(bin: string): void {
  mkdirSync(bin)
  symlinkSync(process.execPath, join(bin, 'node'))
  const places = (process.env.PATH ?? '').split(delimiter)
  for (const tool of tools) {
    const found = places.map((place) => join(place, tool)).find((path) => existsSync(path))
    if (found !== undefined) symlinkSync(found, join(bin, tool))
  }
}

function writeExecutable(path: string, content: string): void {
  // What is there is a link to a program of the machine.
  rmSync(path, { force: true })
  writeFileSync(path, content)
  chmodSync(path, 0o755)
}
