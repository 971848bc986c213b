import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import type { EndReason, ExitStatus } from '../domain/attempt.js'
import { CappedFile } from './capped-file.js'
import { endGroup, endLeftovers, endStrays } from './end-group.js'
import { LineSplitter } from './lines.js'
import { holdsNul } from './nul.js'
import { forgetGroup, rememberGroup } from './process-group.js'

/** What to start, and where its output goes. */
export interface AgentSpawn {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  /** The whole environment of the child. */
  readonly env: Readonly<Record<string, string>>
  /** The name of a variable in `env` whose value no other agent has: what still bears it at the end is ended. */
  readonly mark?: string
  /** Goes to stdin, which is then closed; a CLI that waits for more would hang. */
  readonly input: string
  readonly stdoutFile: string
  readonly stderrFile: string
  /** Bytes of each output file. */
  readonly maxFileBytes: number
  readonly onStdoutLine: (line: string) => void
  readonly onStderrLine?: (line: string) => void
  /** Between TERM and KILL, ms. */
  readonly graceMs: number
}

export interface AgentExit {
  readonly exit: ExitStatus
  /** Why autopilot ended it, if it did. */
  readonly ended?: EndReason
  readonly stderrTail: string
}

/** A running agent: a process group of its own. */
export interface AgentProcess {
  /** Absent when it could not be started. */
  readonly pid?: number
  /** Resolves when the process itself has ended; a grandchild may still hold its pipes. Never rejects. */
  readonly exited: Promise<ExitStatus>
  /** Resolves when its group is gone and its output is in the files. Never rejects. */
  readonly finished: Promise<AgentExit>
  /**
   * TERM to the group, grace, KILL to the group and to descendants that left it. The first reason counts; none does
   * once the process has ended by itself.
   */
  end(reason: EndReason): void
}

/** How long a grandchild may hold the pipes after the agent's end before they are closed, ms. */
const pipeGraceMs = 250
const stderrTailBytes = 16 * 1024

/** Starts an agent. All agents, and only agents, come through here. Never throws: a failed start is an exit status. */
export function startAgent(spec: AgentSpawn): AgentProcess {
  if (holdsNul([spec.file, ...spec.args])) return notStarted('The command holds a NUL character.')
  const child = execa(spec.file, spec.args, {
    cwd: spec.cwd,
    env: spec.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    input: spec.input,
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const { pid } = child
  if (pid !== undefined) rememberGroup(pid)
  const exited = exitOf(child, pid)
  let hasExited = false
  void exited.then(() => (hasExited = true))
  let reason: EndReason | undefined
  let ending: Promise<void> | undefined
  const tail = new Tail(stderrTailBytes)
  const output = Promise.all([
    pump(child.stdout, exited, new CappedFile(spec.stdoutFile, spec.maxFileBytes), spec.onStdoutLine),
    pump(child.stderr, exited, new CappedFile(spec.stderrFile, spec.maxFileBytes), (line) => {
      tail.add(line)
      spec.onStderrLine?.(line)
    }),
  ])
  const finish = async (): Promise<AgentExit> => {
    const exit = await exited
    await ending
    if (pid !== undefined) await endLeftovers(pid)
    if (pid !== undefined && spec.mark !== undefined) await endStrays(`${spec.mark}=${spec.env[spec.mark] ?? ''}`)
    await Promise.race([output, delay(pipeGraceMs, undefined, { ref: false })])
    // On a busy machine the timer may fire before what waits in the pipes was read.
    await nextTurn()
    child.stdout.destroy()
    child.stderr.destroy()
    await output
    if (pid !== undefined) forgetGroup(pid)
    return { exit, stderrTail: tail.text(), ...(reason === undefined ? {} : { ended: reason }) }
  }
  return {
    ...(pid === undefined ? {} : { pid }),
    exited,
    finished: finish(),
    end(why) {
      if (pid === undefined || hasExited || reason !== undefined) return
      reason = why
      ending = endGroup(pid, exited, spec.graceMs)
    },
  }
}

function notStarted(message: string): AgentProcess {
  const exit: ExitStatus = { type: 'not_started', message }
  return {
    exited: Promise.resolve(exit),
    finished: Promise.resolve({ exit, stderrTail: '' }),
    end: () => undefined,
  }
}

interface Exiting {
  once(event: 'exit', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown
}

interface StartFailure {
  readonly code?: string | undefined
  readonly shortMessage?: string | undefined
}

function exitOf(child: Exiting & PromiseLike<StartFailure>, pid: number | undefined): Promise<ExitStatus> {
  return new Promise((resolve) => {
    child.once('exit', (code: number | null, signal: NodeJS.Signals | null) => {
      resolve(code === null ? { type: 'signal', signal: signal ?? 'SIGKILL' } : { type: 'code', code })
    })
    if (pid !== undefined) return
    void child.then((result) => {
      resolve({ type: 'not_started', message: startFailure(result) })
    })
  })
}

function startFailure({ code, shortMessage }: StartFailure): string {
  if (code === 'ENOENT') return 'The program, or the directory to start it in, does not exist.'
  if (code === 'EACCES') return 'The program may not be executed.'
  return shortMessage?.split('\n')[0] ?? 'The program could not be started.'
}

/**
 * Splits a stream into lines and copies it to a file, until it ends or is destroyed. A slow disk slows the agent down,
 * but once that has ended, the little that is left in the pipe is read at once: the final event must not wait.
 */
async function pump(
  stream: Readable,
  exited: Promise<unknown>,
  file: CappedFile,
  onLine: (line: string) => void,
): Promise<void> {
  const lines = new LineSplitter(onLine)
  let hasExited = false
  void exited.then(() => {
    hasExited = true
    stream.resume()
  })
  stream.on('data', (chunk: Buffer) => {
    lines.push(chunk)
    if (file.write(chunk) || hasExited) return
    stream.pause()
    void file.drained().then(() => stream.resume())
  })
  // A pipe that breaks ends the output; the exit status tells the rest.
  stream.on('error', () => undefined)
  if (!stream.closed) await once(stream, 'close').catch(() => undefined)
  lines.end()
  await file.close()
}

/** The last `maxChars` of what was said, by whole lines. */
class Tail {
  readonly #lines: string[] = []
  #chars = 0
  readonly #maxChars: number

  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  add(line: string): void {
    const kept = line.slice(-this.#maxChars)
    this.#lines.push(kept)
    this.#chars += kept.length
    while (this.#chars > this.#maxChars && this.#lines.length > 1) this.#chars -= this.#lines.shift()?.length ?? 0
  }

  text(): string {
    return this.#lines.join('\n')
  }
}
