import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import type { EndReason, ExitStatus } from '../domain/attempt.js'
import { CappedFile } from './capped-file.js'
import { LineSplitter } from './lines.js'
import { descendants, forgetGroup, isGroupAlive, killAll, rememberGroup, signalGroup } from './process-group.js'

/** What to start, and where its output goes. */
export interface AgentSpawn {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  /** The whole environment of the child. */
  readonly env: Readonly<Record<string, string>>
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
  /** TERM to the group, grace, KILL to the group and to descendants that left it. The first reason counts. */
  end(reason: EndReason): void
}

/** How long a grandchild may hold the pipes after the agent's end before they are closed, ms. */
const pipeGraceMs = 250
const stderrTailBytes = 16 * 1024

/** Starts an agent. All agents, and only agents, come through here. Never throws: a failed start is an exit status. */
export function startAgent(spec: AgentSpawn): AgentProcess {
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
  let reason: EndReason | undefined
  let ending: Promise<void> | undefined
  const tail = new Tail(stderrTailBytes)
  const output = Promise.all([
    pump(child.stdout, spec.stdoutFile, spec.maxFileBytes, spec.onStdoutLine),
    pump(child.stderr, spec.stderrFile, spec.maxFileBytes, (line) => {
      tail.add(line)
      spec.onStderrLine?.(line)
    }),
  ])
  const finish = async (): Promise<AgentExit> => {
    const exit = await exited
    await ending
    if (pid !== undefined) await endLeftovers(pid)
    await Promise.race([output, delay(pipeGraceMs)])
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
      if (pid === undefined || reason !== undefined) return
      reason = why
      ending = escalate(pid, exited, spec.graceMs)
    },
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

/** Splits a stream into lines and copies it to a file, with back-pressure, until it ends or is destroyed. */
async function pump(stream: Readable, path: string, maxBytes: number, onLine: (line: string) => void): Promise<void> {
  const file = new CappedFile(path, maxBytes)
  const lines = new LineSplitter(onLine)
  stream.on('data', (chunk: Buffer) => {
    lines.push(chunk)
    if (file.write(chunk)) return
    stream.pause()
    void file.drained().then(() => stream.resume())
  })
  // A pipe that breaks ends the output; the exit status tells the rest.
  stream.on('error', () => undefined)
  if (!stream.closed) await once(stream, 'close').catch(() => undefined)
  lines.end()
  await file.close()
}

async function escalate(pgid: number, exited: Promise<ExitStatus>, graceMs: number): Promise<void> {
  // Taken before the kill: afterwards, those that left the group have another parent and cannot be found.
  const strays = await descendants(pgid)
  signalGroup(pgid, 'SIGTERM')
  // A timer that nobody waits for any more must not keep autopilot alive for the rest of the grace.
  await Promise.race([groupEnd(pgid, exited, graceMs), delay(graceMs, undefined, { ref: false })])
  signalGroup(pgid, 'SIGKILL')
  killAll(strays)
}

async function groupEnd(pgid: number, exited: Promise<ExitStatus>, graceMs: number): Promise<void> {
  await exited
  await untilGroupGone(pgid, graceMs)
}

/** What an agent that ended by itself left behind in its group is ended, too: its workspace is about to be read. */
async function endLeftovers(pgid: number): Promise<void> {
  if (!isGroupAlive(pgid)) return
  signalGroup(pgid, 'SIGTERM')
  await untilGroupGone(pgid, leftoverGraceMs)
  signalGroup(pgid, 'SIGKILL')
  await untilGroupGone(pgid, leftoverGraceMs)
}

const leftoverGraceMs = 500
const pollMs = 20

async function untilGroupGone(pgid: number, withinMs: number): Promise<void> {
  for (let waited = 0; waited < withinMs && isGroupAlive(pgid); waited += pollMs) await delay(pollMs)
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
