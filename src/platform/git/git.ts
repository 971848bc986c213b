import { realClock } from '../clock.js'
import { hasPipes } from '../processes/open-files.js'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import type { ExitStatus } from '../../domain/agent/attempt.js'
import type { Environment } from '../../domain/process/environment.js'
import { formatExitStatus } from '../../domain/agent/attempt.js'
import { cleanLine, errorText } from '../../domain/text.js'
import { err, ok, type Result } from '../../domain/result.js'
import { filterTrouble, filterVariables } from './filter-words.js'
import { fullDisk } from '../files/full-disk.js'
import { locksLeft } from './git-locks.js'
import { endWhenIdle } from './idle-git.js'
import { noProgram, ownPath, ownProgram } from '../programs/own-programs.js'
import { signalGroup } from '../processes/process-group.js'

/**
 * The one door to git. Every call names its git directory, so that no `.git` an agent wrote is ever discovered, and
 * carries overrides for everything in a configuration that could start a program.
 */
export interface GitPlace {
  /** Absolute path of the git directory. */
  readonly gitDir: string
  /** Absolute path of the work tree, for commands that touch one. */
  readonly workTree?: string
  /** Absolute path of the index file, where it is not the git directory's own. */
  readonly indexFile?: string
  /** Absolute path of an object directory to use instead of the git directory's own. */
  readonly objectDir?: string
  /** Further object directories to read from. */
  readonly alternates?: readonly string[]
}

export interface GitOptions {
  readonly input?: string | Uint8Array
  readonly signal?: AbortSignal
  /** Gets what git said beside its answer when it has ended well: warnings, of which its exit status says nothing. */
  readonly onWarnings?: (stderr: string) => void
  /** Variables on top of the door's own, such as `GIT_AUTHOR_NAME`. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * The user's environment, when this call is to see the user's own global and system configuration, which all other
   * calls leave unread. The overrides still win.
   */
  readonly userConfig?: Environment
}

/** git did not do what was asked: the first line of what it said, cleaned, with its exit status. */
export interface GitFailure {
  readonly args: readonly string[]
  readonly exit: ExitStatus
  readonly stderr: string
  /** stdout so far: `merge-tree` reports conflicts there and ends with status 1. */
  readonly stdout: Buffer
  /** A directory that git writes to and whose disk was full, which its own words often leave out. */
  readonly full?: string
  /** Lock files that stand in its git directory since it was ended: they are in the way of every git. */
  readonly locks?: readonly string[]
}

/**
 * Overrides, as `GIT_CONFIG_COUNT` pairs, which win over every configuration file.
 * Source: each is a vector by which a repository's own configuration starts a program, or makes git wait or clean up.
 */
const overrides: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.untrackedCache', 'false'],
  ['commit.gpgSign', 'false'],
  ['tag.gpgSign', 'false'],
  ['log.showSignature', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['diff.external', ''],
  ['core.pager', 'cat'],
  ['core.sshCommand', 'false'],
  ['core.alternateRefsCommand', ':'],
  // A ref that the user is just moving: wait for it (ms) instead of failing.
  ['core.filesRefLockTimeout', '2000'],
  ['protocol.ext.allow', 'never'],
  ['submodule.recurse', 'false'],
  // Git LFS would fetch from where a `.lfsconfig` of the tree says, and note in the configuration how it got in.
  ['lfs.url', 'none'],
  ['advice.detachedHead', 'false'],
]

const passed = [
  ...(['PATH', 'HOME', 'XDG_CONFIG_HOME', 'TMPDIR', 'TMP', 'TEMP', 'SYSTEMROOT'] as const),
  ...filterVariables,
] as const

/** Variables of the user that say where git's configuration and repositories are found. */
const userVariable = /^(GIT_CONFIG_.+|GIT_CEILING_DIRECTORIES|GIT_DISCOVERY_ACROSS_FILESYSTEM)$/

const fixed = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_SSH_COMMAND: 'false',
  GIT_ASKPASS: 'false',
  GIT_EDITOR: ':',
  GIT_LITERAL_PATHSPECS: '1',
} as const

function environment(place: GitPlace, { env: extra, userConfig }: GitOptions): Record<string, string> {
  const env: Record<string, string> = {
    ...fixed,
    // An agent may write to the user's home: what autopilot needs of that configuration was carried at the start.
    ...(userConfig ? userVariables(userConfig) : { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }),
    GIT_ATTR_NOSYSTEM: '1',
    GIT_DIR: place.gitDir,
  }
  for (const name of passed) {
    const value = (userConfig ?? process.env)[name]
    if (value !== undefined) env[name] = value
  }
  env.PATH = ownPath(env.PATH)
  addOverrides(env)
  if (place.workTree !== undefined) env.GIT_WORK_TREE = place.workTree
  if (place.indexFile !== undefined) env.GIT_INDEX_FILE = place.indexFile
  if (place.objectDir !== undefined) env.GIT_OBJECT_DIRECTORY = place.objectDir
  if (place.alternates?.length) env.GIT_ALTERNATE_OBJECT_DIRECTORIES = place.alternates.map(quoted).join(':')
  return { ...env, ...extra }
}

/** A path in a list with colons between. Source: git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES: C-style quotes are undone. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`
}

/** Puts the overrides behind the pairs that the user's environment may hold already: the last one wins. */
function addOverrides(env: Record<string, string>): void {
  const first = Number(env.GIT_CONFIG_COUNT ?? 0)
  for (const [index, [key, value]] of overrides.entries()) {
    env[`GIT_CONFIG_KEY_${first + index}`] = key
    env[`GIT_CONFIG_VALUE_${first + index}`] = value
  }
  env.GIT_CONFIG_COUNT = String(first + overrides.length)
}

function userVariables(user: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(user).filter((entry): entry is [string, string] => {
      const [name, value] = entry
      return value !== undefined && ((passed as readonly string[]).includes(name) || userVariable.test(name))
    }),
  )
}

/** Runs one git command and gives its stdout as bytes; stdout beyond 256 MiB is an error, never a growing heap. */
export function gitBytes(
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Result<Buffer, GitFailure>> {
  // git may run filters that look at their directory; never one that an agent can write to by chance.
  return run(place.workTree ?? '/', environment(place, options), args, options)
}

/**
 * git as the user would run it in `dir`: it finds the repository itself and reads the user's whole configuration. Only
 * for `rev-parse` and `config --list` before the first agent starts: they start no program of a configuration.
 */
export function gitAsUser(
  dir: string,
  args: readonly string[],
  user: Environment,
): Promise<Result<Buffer, GitFailure>> {
  return run(dir, { ...fixed, ...userVariables(user), PATH: ownPath(user.PATH) }, args, {})
}

/** Starts one git command that reads its stdin as it goes; see `git-session.ts`. */
export function startGit(
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): ChildProcessWithoutNullStreams {
  return start(place.workTree ?? '/', environment(place, options), args, options)
}

/** Groups of git commands that have not been seen to end. */
const living = new Set<number>()

/** Sends a signal to every git that runs: TERM lets it remove its lock files. */
export function endGits(signal: NodeJS.Signals): void {
  for (const pgid of living) signalGroup(pgid, signal)
}

let steps = 0

/** How many gits have ended, and questions been answered, so far: while that grows, what waits for git gets on. */
export function gitSteps(): number {
  return steps
}

/** A git that goes on running has answered. */
export function noteGitStep(): void {
  steps++
}

function start(
  cwd: string,
  env: Record<string, string>,
  args: readonly string[],
  { signal }: GitOptions,
): ChildProcessWithoutNullStreams {
  const child = spawn(ownProgram('git', env.PATH) ?? noProgram, args, {
    env,
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    // In a group of its own, so that Ctrl-C in the terminal does not break it off in the middle of a landing.
    detached: true,
    ...(signal ? { signal } : {}),
  })
  if (child.pid !== undefined) living.add(child.pid)
  child.once('exit', () => {
    noteGitStep()
    if (child.pid !== undefined) living.delete(child.pid)
  })
  if (!hasPipes(child)) return child
  // A command that ends without reading its input is judged by its exit status, not by the broken pipe.
  child.stdin.on('error', () => undefined)
  return child
}

/** What the file system threw before git could be asked, as git would have told it. */
export function thrownBefore(args: readonly string[], error: unknown): GitFailure {
  return { args, exit: { type: 'code', code: 128 }, stderr: `fatal: ${errorText(error)}`, stdout: Buffer.alloc(0) }
}

/** Tells why git has not started, once its child says so. */
export function whyNotStarted(
  child: Pick<ChildProcessWithoutNullStreams, 'once'>,
  args: readonly string[],
  tell: (failure: GitFailure) => void,
): void {
  child.once('error', ({ message }: Error) =>
    tell({ args, exit: { type: 'not_started', message }, stderr: '', stdout: Buffer.alloc(0) }),
  )
}

function run(
  cwd: string,
  env: Record<string, string>,
  args: readonly string[],
  options: GitOptions,
): Promise<Result<Buffer, GitFailure>> {
  return new Promise((resolve) => {
    const child = start(cwd, env, args, options)
    if (!hasPipes(child)) {
      whyNotStarted(child, args, (error) => resolve(err(error)))
      return
    }
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    let stdoutBytes = 0
    let stderrBytes = 0
    let tooMuch = false
    let notStarted: string | undefined
    let idle = ''
    const began = realClock.now()
    const ended =
      child.pid === undefined
        ? () => undefined
        : endWhenIdle(child.pid, {
            onIdle: (ms) => {
              idle = `error: git used neither processor nor disk for ${ms / 1000} s, and was ended\n`
            },
            onOver: () => {
              child.stdout.destroy()
              child.stderr.destroy()
            },
          })
    child.stdout.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length
      if (stdoutBytes <= maxStdoutBytes) stdout.push(chunk)
      else if (!tooMuch) {
        tooMuch = true
        child.kill('SIGKILL')
      }
    })
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderrBytes < maxStderrBytes) stderr.push(chunk)
      stderrBytes += chunk.length
    })
    child.stdin.end(options.input ?? '')
    child.on('error', (error) => {
      notStarted = error.message
    })
    child.on('close', (code, signal) => {
      ended()
      if (code === 0 && !tooMuch) {
        options.onWarnings?.(Buffer.concat(stderr).toString('utf8'))
        resolve(ok(Buffer.concat(stdout)))
        return
      }
      const killed = idle === '' ? signal : (signal ?? 'SIGTERM')
      const exit = exitStatus(
        killed === null ? code : null,
        killed,
        tooMuch ? 'git printed more than 256 MiB' : notStarted,
      )
      const words = idle + Buffer.concat(stderr).toString('utf8')
      const said = { args, exit, stderr: words, stdout: Buffer.concat(stdout) }
      const written = [cwd, env.GIT_OBJECT_DIRECTORY, env.GIT_DIR].filter((path) => path !== undefined)
      const left = exit.type === 'signal' && env.GIT_DIR !== undefined ? locksLeft(env.GIT_DIR, began) : noLocks
      void Promise.all([fullDisk(written), left]).then(([full, locks]) =>
        resolve(err({ ...said, ...(full === undefined ? {} : { full }), ...(locks.length === 0 ? {} : { locks }) })),
      )
    })
  })
}

const noLocks = Promise.resolve<readonly string[]>([])

const maxStdoutBytes = 256 * 1024 * 1024
const maxStderrBytes = 1024 * 1024

function exitStatus(code: number | null, signal: string | null, notStarted: string | undefined): ExitStatus {
  if (notStarted !== undefined) return { type: 'not_started', message: notStarted }
  return code === null ? { type: 'signal', signal: signal ?? 'SIGKILL' } : { type: 'code', code }
}

/** As {@link gitBytes}, as text without the final line break. For output that is ids or messages, not file content. */
export async function git(
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Result<string, GitFailure>> {
  const result = await gitBytes(place, args, options)
  return result.ok ? ok(result.value.toString('utf8').replace(/\n$/, '')) : result
}

/** `git update-ref: fatal: … (exit code 128)`: one clean line. */
export function formatGitFailure({ args, exit, stderr, full, locks = [] }: GitFailure): string {
  const own = stderr.split('\n').find((line) => /^(fatal|error):/.test(line)) ?? stderr
  const filter = filterTrouble(stderr)
  const said = cleanLine(filter && filter.said !== '' ? `a content filter failed: ${filter.said}` : own, 300)
  const why = full === undefined ? '' : `; no space is left on the disk of ${cleanLine(full, 300)}`
  const left = locks.length === 0 ? '' : `; if no git is at work there, remove ${cleanLine(locks.join(' and '), 400)}`
  return `git ${args[0] ?? ''}: ${said === '' ? '' : `${said} `}(${formatExitStatus(exit)})${why}${left}`
}

/**
 * Whether git was ended or ran out of something of the machine's, whatever it was asked: that says nothing about what it
 * was to read. Source: the C library's words for ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE, EAGAIN and EIO; git's own for memory.
 */
export function isMachineTrouble({ exit, stderr, full }: GitFailure): boolean {
  if (full !== undefined || exit.type === 'signal') return true
  return /No space left|quota exceeded|allocate memory|Out of memory|Too many open files|Resource temporarily|Input\/output error/.test(
    stderr,
  )
}

/** What a failure to find a repository was about, read from git's words, which the fixed locale keeps the same. */
export function discoveryProblem({ exit, stderr }: GitFailure): 'no_git' | 'not_trusted' | 'no_repository' | 'other' {
  if (exit.type === 'not_started') return 'no_git'
  // Source: git's setup.c, "detected dubious ownership in repository at" and "not a git repository".
  if (stderr.includes('dubious ownership')) return 'not_trusted'
  return stderr.includes('not a git repository') ? 'no_repository' : 'other'
}
