import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { ExitStatus } from '../../domain/agent/attempt.js'
import { exitStatusInShell } from '../processes/launching/exit-status.js'
import { keepAlive } from '../processes/keep-alive.js'
import { hasPipes } from '../processes/open-files.js'
import { signalGroup } from '../processes/process-group.js'
import { inShell, isPlainName } from '../processes/launching/shell-words.js'
import { holdsNul } from '../streams/nul.js'
import { endGit } from './end-git.js'
import { gitProgram, type GitCommand, type GitListener, type GitProcess } from './git-process.js'
import { forgetGit, isGitEnding, noteGitStep, rememberGit } from './living-gits.js'

/**
 * To start a process, Node copies its own memory tables and stalls until the new process exists: 1.2 to 2.0 ms of
 * processor time for a git. A long-lived shell that starts one git after the other costs 0.2 ms each. Such a launcher
 * leads a process group, in which its git runs, too. If all launchers are busy, git starts as a child of this process.
 */
const maxLaunchers = Math.min(availableParallelism(), 8) + 2

/** Commands that are safe to run twice: if a launcher dies, nobody knows whether its git has finished. */
const repeatable = new Set([
  ...['add', 'cat-file', 'check-ref-format', 'clean', 'diff-files', 'diff-index', 'diff-tree', 'for-each-ref', 'log'],
  ...['ls-files', 'ls-tree', 'merge-base', 'merge-tree', 'read-tree', 'rev-list', 'rev-parse', 'status', 'write-tree'],
])
/** A longer command goes to the kernel directly, which may refuse it and says why. */
const longestCommand = 64 * 1024

const launchers = new Set<GitLauncher>()

/** `lost`: nobody knows whether it has finished. */
export type LauncherEnd = ExitStatus | 'lost'

/** Runs one git in a launcher; undefined if it isn't suitable for one, or all are busy. */
export function runInLauncher(command: GitCommand, listener: GitListener): GitProcess<LauncherEnd> | undefined {
  const { environment, args, cwd, input, signal } = command
  if (input !== undefined || signal !== undefined || !repeatable.has(args[0] ?? '')) return undefined
  if (holdsNul([cwd, ...args]) || args.join(' ').length > longestCommand) return undefined
  if (!Object.keys(environment.own).every(isPlainName)) return undefined
  return launcherFor(environment.shared)?.run(command, listener)
}

function launcherFor(shared: GitCommand['environment']['shared']): GitLauncher | undefined {
  for (const launcher of launchers) {
    if (launcher.isBusy) continue
    if (launcher.environment === shared) return launcher
    launcher.close()
  }
  return launchers.size < maxLaunchers ? new GitLauncher(shared) : undefined
}

interface Job {
  readonly listener: GitListener
  readonly settle: (end: LauncherEnd) => void
  /** The shell's report about git's end; it follows all of git's output in the stream. */
  said?: string
  /** How many of the two streams have reached git's end. */
  streamsOver: number
}

/**
 * Reads its commands from stdin. On TERM only its git ends, the launcher continues. Its own complaints are dropped;
 * git's go to descriptor 3. An unguessable mark follows all of git's output, in both streams.
 */
class GitLauncher {
  readonly environment: GitCommand['environment']['shared']
  readonly #child: ChildProcess
  readonly #pgid: number | undefined
  readonly #mark = randomBytes(16).toString('hex')
  #job: Job | undefined

  constructor(environment: GitCommand['environment']['shared']) {
    this.environment = environment
    const child = spawn('/bin/sh', ['-s', 'autopilot-git'], {
      env: environment,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
      detached: true,
    })
    this.#child = child
    this.#pgid = child.pid
    child.on('error', () => this.close())
    child.once('exit', () => this.#onExit())
    child.once('close', () => this.#settle('lost'))
    if (this.#pgid === undefined || !hasPipes(child)) return
    launchers.add(this)
    const { stdin, stdout, complaints } = this.#streams
    for (const stream of [stdin, stdout, complaints]) stream.on('error', () => undefined)
    const ours = { isAwaited: () => this.isBusy, onOther: () => this.close() }
    untilMark(stdout, this.#mark, {
      ...ours,
      onBytes: (chunk) => this.#job?.listener.onStdout(chunk),
      onMark: (word) => this.#onMark(word),
    })
    untilMark(complaints, this.#mark, {
      ...ours,
      onBytes: (chunk) => this.#job?.listener.onStderr(chunk),
      onMark: () => this.#onMark(),
    })
    stdin.write(`trap : TERM; mark=${this.#mark}\n`)
  }

  get isBusy(): boolean {
    return this.#job !== undefined
  }

  run(command: GitCommand, listener: GitListener): GitProcess<LauncherEnd> | undefined {
    const pgid = this.#pgid
    if (pgid === undefined || !launchers.has(this)) return undefined
    const ended = new Promise<LauncherEnd>((settle) => {
      this.#job = { listener, settle, streamsOver: 0 }
    })
    rememberGit(pgid)
    keepAlive(this.#child, true)
    this.#streams.stdin.write(lineOf(command))
    return { pgid, ended, kill: () => signalGroup(pgid, 'SIGKILL'), abandon: () => this.#abandon() }
  }

  /** It gets no more work, and ends when its current work is done. */
  close(): void {
    launchers.delete(this)
    this.#child.stdin?.end()
  }

  /** Only where there are pipes. */
  get #streams() {
    const [stdin, stdout, , complaints] = this.#child.stdio as [Writable, Readable, null, Readable, ...unknown[]]
    return { stdin, stdout, complaints }
  }

  #onMark(word?: string): void {
    const job = this.#job
    if (!job) {
      this.close()
      return
    }
    if (word !== undefined) job.said = word
    if (++job.streamsOver === 2) this.#settle(endOf(job.said ?? ''))
  }

  #settle(end: LauncherEnd): void {
    const job = this.#job
    if (!job) return
    this.#job = undefined
    const isStop = this.#pgid !== undefined && isGitEnding(this.#pgid)
    if (this.#pgid !== undefined) forgetGit(this.#pgid)
    keepAlive(this.#child, false)
    noteGitStep()
    job.settle(end === 'lost' && isStop ? { type: 'signal', signal: 'SIGKILL' } : end)
  }

  /** Its git may still be running, and must have ended before the same question is asked again. */
  #onExit(): void {
    launchers.delete(this)
    if (!this.#job || this.#pgid === undefined) return
    const stopEnding = endGit(this.#pgid, () => this.#abandon())
    this.#child.once('close', stopEnding)
  }

  #abandon(): void {
    this.close()
    const { stdin, stdout, complaints } = this.#streams
    for (const stream of [stdin, stdout, complaints]) stream.destroy()
  }
}

/** The command line for the shell. The system complains about a missing directory. */
function lineOf(command: GitCommand): string {
  const { cwd, environment, args } = command
  const variables = Object.entries(environment.own).map(([name, value]) => `${name}=${inShell(value)}`)
  const words = [gitProgram(environment), ...args].map(inShell)
  const git = [...variables, ...words].join(' ')
  return `(cd ${inShell(cwd)} || exit 127; ${git} </dev/null 2>&3 3>&-); echo "$mark $?"; echo "$mark" >&3\n`
}

/** Source: POSIX, Shell Command Language, "Exit Status for Commands": 126 and 127 are the shell's own. */
const notByGit = [126, 127]

function endOf(said: string): LauncherEnd {
  const status = Number(said)
  return notByGit.includes(status) ? 'lost' : exitStatusInShell(status)
}

interface Marked {
  /** Whether a git is running that could have printed this. */
  readonly isAwaited: () => boolean
  readonly onBytes: (bytes: Buffer) => void
  /** With the word behind the mark. */
  readonly onMark: (word: string) => void
  /** Somebody other than our git has printed there. */
  readonly onOther: () => void
}

/** Reads a stream in which a line ends each part: the mark, perhaps with a word behind it. */
function untilMark(stream: Readable, mark: string, { isAwaited, onBytes, onMark, onOther }: Marked): void {
  let held: Buffer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    if (!isAwaited()) {
      onOther()
      return
    }
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const at = bytes.indexOf(mark, 0, 'latin1')
    const feed = at < 0 ? -1 : bytes.indexOf('\n', at)
    // What may be the start of a mark waits for the rest.
    const sure = at < 0 ? Math.max(0, bytes.length - mark.length + 1) : at
    if (sure > 0) onBytes(bytes.subarray(0, sure))
    held = feed < 0 ? bytes.subarray(sure) : Buffer.alloc(0)
    if (feed < 0) return
    if (bytes.length > feed + 1) onOther()
    onMark(bytes.toString('latin1', at + mark.length + 1, feed))
  })
}
