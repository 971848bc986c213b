import { spawn } from 'node:child_process'
import type { ExitStatus } from '../domain/attempt.js'
import { formatExitStatus } from '../domain/attempt.js'
import { cleanLine } from '../domain/text.js'
import { err, ok, type Result } from '../domain/result.js'

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
  /** Variables on top of the door's own, such as `GIT_AUTHOR_NAME`. */
  readonly env?: Readonly<Record<string, string>>
}

/** git did not do what was asked: the first line of what it said, cleaned, with its exit status. */
export interface GitFailure {
  readonly args: readonly string[]
  readonly exit: ExitStatus
  readonly stderr: string
  /** stdout so far: `merge-tree` reports conflicts there and ends with status 1. */
  readonly stdout: Buffer
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
  ['protocol.ext.allow', 'never'],
  ['submodule.recurse', 'false'],
  ['advice.detachedHead', 'false'],
]

const passed = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'TMPDIR', 'TMP', 'TEMP', 'SYSTEMROOT'] as const

function environment(place: GitPlace, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const env: Record<string, string> = {
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_SSH_COMMAND: 'false',
    GIT_ASKPASS: 'false',
    GIT_EDITOR: ':',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_DIR: place.gitDir,
    GIT_CONFIG_COUNT: String(overrides.length),
  }
  for (const name of passed) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  for (const [index, [key, value]] of overrides.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key
    env[`GIT_CONFIG_VALUE_${index}`] = value
  }
  if (place.workTree !== undefined) env.GIT_WORK_TREE = place.workTree
  if (place.indexFile !== undefined) env.GIT_INDEX_FILE = place.indexFile
  if (place.objectDir !== undefined) env.GIT_OBJECT_DIRECTORY = place.objectDir
  if (place.alternates?.length) env.GIT_ALTERNATE_OBJECT_DIRECTORIES = place.alternates.join(':')
  return { ...env, ...extra }
}

/** Runs one git command and gives its stdout as bytes; stdout beyond 256 MiB is an error, never a growing heap. */
export function gitBytes(
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Result<Buffer, GitFailure>> {
  return new Promise((resolve) => {
    const child = spawn('git', args, {
      env: environment(place, options.env),
      // git may run filters that look at their directory; never one that an agent can write to by chance.
      cwd: place.workTree ?? '/',
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.signal ? { signal: options.signal } : {}),
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    let stdoutBytes = 0
    let stderrBytes = 0
    let tooMuch = false
    let notStarted: string | undefined
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
    // A command that ends without reading its input is judged by its exit status, not by the broken pipe.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
    child.on('error', (error) => {
      notStarted = error.message
    })
    child.on('close', (code, signal) => {
      if (code === 0 && !tooMuch) {
        resolve(ok(Buffer.concat(stdout)))
        return
      }
      resolve(
        err({
          args,
          exit: exitStatus(code, signal, tooMuch ? 'git printed more than 256 MiB' : notStarted),
          stderr: Buffer.concat(stderr).toString('utf8'),
          stdout: Buffer.concat(stdout),
        }),
      )
    })
  })
}

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
export function formatGitFailure({ args, exit, stderr }: GitFailure): string {
  const said = cleanLine(stderr.split('\n').find((line) => /^(fatal|error):/.test(line)) ?? stderr, 300)
  return `git ${args[0] ?? ''}: ${said === '' ? '' : `${said} `}(${formatExitStatus(exit)})`
}
