import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { commitId } from '../brands.js'
import type { CommitId } from '../../../src/domain/brand.js'

/** A real repository in a temporary place, with an empty home of its own: no configuration of the machine reaches it. */
export interface GitRepo {
  /** The work tree. */
  readonly dir: string
  /** The user's home; its `.gitconfig` is read by {@link git} and by a repository opened with {@link env}. */
  readonly home: string
  readonly env: Readonly<Record<string, string>>
  /** Runs plain git in the work tree, as the user would, and returns its trimmed stdout; throws if git fails. */
  readonly git: (...args: string[]) => string
  /** Plain git in another directory, such as a workspace, with no identity but the configured one. */
  readonly gitIn: (cwd: string, ...args: string[]) => string
  /** Writes a file below the work tree, folders included; mode 0755 when it is to be executable. */
  readonly write: (path: string, content: string | Uint8Array, options?: { executable?: boolean }) => void
  readonly read: (path: string) => string
  /** Adds everything and commits it; returns the commit. */
  readonly commit: (message?: string) => CommitId
  /** Removes the repository, its home and everything else in its temporary place. */
  readonly remove: () => void
  /** A fresh path beside the repository, for clones, worktrees and caches. */
  readonly beside: (name: string) => string
}

export interface GitRepoOptions {
  readonly objectFormat?: 'sha1' | 'sha256'
  /** Without an identity, `git commit` of the helper still works: it names one for the call alone. */
  readonly identity?: boolean
  /** Files of the first commit; `false`: no commit at all. */
  readonly files?: Readonly<Record<string, string>> | false
  /** Appended to the user's `.gitconfig`. */
  readonly globalConfig?: string
}

/** No background maintenance, which would still write while a test removes the repository. */
const quiet = '[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n'

/** Makes a repository on branch `main` with one commit of `files` (default: a `README.md`). */
export function createGitRepo(options: GitRepoOptions = {}): GitRepo {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'autopilot-test-')))
  const dir = join(place, 'repo')
  const home = join(place, 'home')
  mkdirSync(dir)
  mkdirSync(home)
  const identity = options.identity === false ? '' : '[user]\n\tname = Ada\n\temail = ada@example.org\n'
  writeFileSync(join(home, '.gitconfig'), `${quiet}${identity}${options.globalConfig ?? ''}`)
  const repo = gitRepoAt(dir, home, place)
  repo.git('init', '-q', '-b', 'main', `--object-format=${options.objectFormat ?? 'sha1'}`, '--template=')
  if (options.files !== false) {
    for (const [path, content] of Object.entries(options.files ?? { 'README.md': 'hello\n' })) repo.write(path, content)
    repo.commit('first')
  }
  return repo
}

/** The same handle for a repository that exists already, such as a clone made by a test. */
export function gitRepoAt(dir: string, home: string, place: string): GitRepo {
  const env = { PATH: process.env.PATH ?? '', HOME: home, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' }
  const who = {
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
  }
  const run = (cwd: string, variables: Readonly<Record<string, string>>, args: readonly string[]) =>
    execFileSync('git', args, { cwd, env: variables, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  const git = (...args: string[]) => run(dir, { ...env, ...who }, args)
  const gitIn = (cwd: string, ...args: string[]) => run(cwd, env, args)
  return {
    dir,
    home,
    env,
    git,
    gitIn,
    write: (path, content, { executable = false } = {}) => {
      const file = join(dir, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      if (executable) chmodSync(file, 0o755)
    },
    read: (path) => readFileSync(join(dir, path), 'utf8'),
    commit: (message = 'change') => {
      git('add', '-A')
      git('commit', '-q', '--allow-empty', '-m', message)
      return commitId(git('rev-parse', 'HEAD'))
    },
    remove: () => rmSync(place, { recursive: true, force: true }),
    beside: (name) => join(place, name),
  }
}
