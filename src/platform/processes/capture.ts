import { execa } from 'execa'
import type { ExitStatus } from '../../domain/agent/attempt.js'
import { holdsNul } from '../streams/nul.js'
import { forgetGroup, isGroupAlive, rememberGroup, signalGroup } from './process-group.js'
import type { Watchdog } from './watchdog.js'

export interface Captured {
  readonly exit: ExitStatus
  readonly stdout: string
  readonly stderr: string
}

export interface CaptureOptions {
  readonly timeoutMs?: number
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Ends the program, and what it started, at once. */
  readonly signal?: AbortSignal
  /** Ends it should autopilot die. */
  readonly watchdog?: Watchdog
}

/** The first so many characters of each stream are kept. */
const maxChars = 256 * 1024

/**
 * How long leftover processes may hold the program's pipes after its end, ms; they live on, unread, until the run's
 * end.
 */
const pipeGraceMs = 250

/**
 * Runs a program that autopilot or the user chose (`--version`, `setup:`) to its end and returns the start of its
 * output. It has its own process group, so a Ctrl-C in the terminal doesn't reach it. Past `timeoutMs`, or when
 * canceled, the whole group is killed and it counts as not started. Never throws.
 */
export async function capture(file: string, args: readonly string[], options: CaptureOptions): Promise<Captured> {
  const { timeoutMs, env, cwd, signal, watchdog } = options
  if (holdsNul([file, ...args])) {
    return { exit: { type: 'not_started', message: 'the command contains a NUL character' }, stdout: '', stderr: '' }
  }
  const child = execa(file, args, {
    env,
    extendEnv: false,
    reject: false,
    detached: true,
    cleanup: false,
    stdin: 'ignore',
    buffer: false,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const { pid } = child
  let why: string | undefined
  const closePipes = () => {
    child.stdout.destroy()
    child.stderr.destroy()
  }
  const kill = (reason: string) => {
    why ??= reason
    if (pid !== undefined) signalGroup(pid, 'SIGKILL')
    // A process that left the group may hold the pipes forever.
    closePipes()
  }
  // A `setup:` may start a server; nothing waits for its background processes.
  child.once('exit', () => setTimeout(closePipes, pipeGraceMs).unref())
  const onAbort = () => kill('canceled')
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => kill(`no end within ${timeoutMs} ms`), timeoutMs)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  if (pid !== undefined) remember(pid, watchdog)
  const [result, stdout, stderr] = await Promise.all([child, beginning(child.stdout), beginning(child.stderr)])
  clearTimeout(timer)
  signal?.removeEventListener('abort', onAbort)
  // Its background processes may be wanted, but not longer than the run: they stay among those that end with it.
  if (pid !== undefined && !isGroupAlive(pid)) forget(pid, watchdog)
  return { exit: why === undefined ? exitOf(result) : { type: 'not_started', message: why }, stdout, stderr }
}

function remember(pgid: number, watchdog: Watchdog | undefined): void {
  rememberGroup(pgid)
  void watchdog?.watch(pgid)
}

function forget(pgid: number, watchdog: Watchdog | undefined): void {
  forgetGroup(pgid)
  watchdog?.unwatch(pgid)
}

/** Reads a stream to its end and keeps its beginning. */
async function beginning(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const chunk of stream) if (text.length < maxChars) text += decoder.decode(chunk, { stream: true })
  } catch {
    // Destroyed while it was read: what arrived until then is the result.
  }
  return text.slice(0, maxChars)
}

interface ChildResult {
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly code?: string | undefined
  readonly shortMessage?: string | undefined
}

function exitOf(result: ChildResult): ExitStatus {
  if (result.exitCode !== undefined) return { type: 'code', code: result.exitCode }
  if (result.signal !== undefined) return { type: 'signal', signal: result.signal }
  return { type: 'not_started', message: result.code === 'ENOENT' ? 'not found' : (result.shortMessage ?? 'failed') }
}
