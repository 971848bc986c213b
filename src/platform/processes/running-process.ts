import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import type { EndReason, ExitStatus } from '../../domain/agent/attempt.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { MaskedFile } from '../streams/masked-file.js'
import type { Input } from '../streams/open-input.js'
import type { Sink } from '../streams/sink.js'
import { Tail } from '../streams/tail.js'
import { endGroup, endLeftovers, endStrays } from './end-group.js'
import { launch, whyNot, type Launched, type LaunchSpec, type NotLaunched } from './launching/launch.js'
import type { Launcher } from './launching/launcher.js'
import { LineSplitter, longestLineBytes, type WantedLines } from '../streams/lines.js'
import { forgetGroup, isGroupAlive, rememberGroup } from './process-group.js'
import { identify } from './table/process-identity.js'
import type { Watchdog } from './watchdog.js'
import type { SpawnedProcess } from '../../domain/process/stray.js'

/** What to start, and where its output goes. */
export interface ProcessSpec extends LaunchSpec {
  /** The name of a variable in `env` with a unique value: whatever still has it at the end is ended. */
  readonly mark?: string
  /** Goes to stdin. Behind a text that is closed; a CLI that waits for more input would hang. */
  readonly input: Input
  /** The path of a file, or what takes it instead: then nothing of it is kept for {@link ProcessEnd.stderrTail}. */
  readonly stdoutFile: string | Sink
  readonly stderrFile: string | Sink
  /** Bytes of each output file. */
  readonly maxFileBytes: number
  /** Masks secrets in the files and in stderr; lines of stdout, which a provider must read, stay as they are. */
  readonly mask: Mask
  readonly onStdoutLine: (line: string) => void
  /** Called when a line of stdout is too long to be kept as a whole, before its end has come. */
  readonly onLongLine?: () => void
  readonly onStderrLine?: (line: string) => void
  /** Called whenever it has printed something. */
  readonly onOutput?: () => void
  /** Which lines those two get; default: all. */
  readonly wantedLines?: WantedLines
  /** Between TERM and KILL, ms. */
  readonly graceMs: number
  /** Is told who the process is; the program starts when this has resolved. */
  readonly onSpawned?: OnSpawned
  /** Ends its group if autopilot dies; it knows the group before the program starts. */
  readonly watchdog?: Watchdog
  /** Starts it at less cost, where it can. */
  readonly launcher?: Launcher
  /** What it leaves in its group when it has ended by itself lives on, to the end of autopilot; without it, it is ended. */
  readonly keepsLeftovers?: boolean
}

/** Makes a process known before it does anything. Never rejects. */
export type OnSpawned = (process: SpawnedProcess) => Promise<void>

export interface ProcessEnd {
  readonly exit: ExitStatus
  /** Why autopilot ended it, if it did. */
  readonly ended?: EndReason
  readonly stderrTail: string
  /** The command lines of what it left running when it ended by itself; outside text, not cleaned yet. */
  readonly leftovers?: readonly string[]
}

/** A running agent, gate or command of the user, in its own process group. */
export interface RunningProcess {
  /** Undefined until it stands ready, and when it could not be started. */
  readonly pid: number | undefined
  /** Resolves when the process itself has ended; a grandchild may still hold its pipes. Never rejects. */
  readonly exited: Promise<ExitStatus>
  /** Resolves when its group is gone and its output is in the files. Never rejects. */
  readonly finished: Promise<ProcessEnd>
  /**
   * TERM to the group, grace, KILL to the group and to descendants that left it. The first reason counts; none counts
   * after the process has ended by itself.
   */
  end(reason: EndReason): void
}

/** How long a grandchild may hold the pipes after the process's end before autopilot closes them, ms. */
const pipeGraceMs = 250
const stderrTailBytes = 16 * 1024

/**
 * Starts an agent, a gate or a command of the user: all of them, and nothing else, come through here. Never throws: a
 * failed start is an exit status.
 */
export function startProcess(spec: ProcessSpec): RunningProcess {
  const cannot = whyNot(spec)
  if (cannot) return notStarted(Promise.resolve(cannot))
  const coming = spec.launcher?.launch(spec)
  if (!coming) return startedByNode(spec)
  return later(coming.then((launched) => (launched ? running(spec, launched) : startedByNode(spec))))
}

function startedByNode(spec: ProcessSpec): RunningProcess {
  const launched = launch(spec)
  return 'pid' in launched ? running(spec, launched) : notStarted(launched)
}

/** One that will be there in a moment. */
function later(coming: Promise<RunningProcess>): RunningProcess {
  let process: RunningProcess | undefined
  let reason: EndReason | undefined
  void coming.then((come) => {
    process = come
    if (reason !== undefined) come.end(reason)
  })
  return {
    get pid() {
      return process?.pid
    },
    exited: coming.then(({ exited }) => exited),
    finished: coming.then(({ finished }) => finished),
    end(why) {
      reason ??= why
      process?.end(why)
    },
  }
}

function running(spec: ProcessSpec, { pid, stdout, stderr, ended: exited, go, refuse }: Launched): RunningProcess {
  rememberGroup(pid)
  let hasExited = false
  void exited.then(() => (hasExited = true))
  let reason: EndReason | undefined
  let ending: Promise<void> | undefined
  const tail = new Tail(stderrTailBytes)
  const { onStdoutLine, onStderrLine, onLongLine, onOutput, wantedLines: wanted } = spec
  const stdoutLines = new LineSplitter(onStdoutLine, longestLineBytes, wanted, onLongLine)
  const stderrLines = onStderrLine && new LineSplitter(onStderrLine, longestLineBytes, wanted)
  const output = Promise.all([
    pump(stdout, exited, sinkOf(spec.stdoutFile, spec), (chunk) => {
      onOutput?.()
      stdoutLines.push(chunk)
    }),
    pump(
      stderr,
      exited,
      sinkOf(spec.stderrFile, spec, (chunk) => {
        tail.add(chunk)
        stderrLines?.push(chunk)
      }),
      () => onOutput?.(),
    ),
  ]).then(() => {
    stdoutLines.end()
    stderrLines?.end()
  })
  const start = async () => {
    await Promise.all([spec.watchdog?.watch(pid), spec.onSpawned && identify(pid).then(spec.onSpawned)])
    if (reason === undefined) go(spec.input)
    else refuse()
  }
  void start()
  const forget = () => {
    forgetGroup(pid)
    spec.watchdog?.unwatch(pid)
  }
  const finish = async (): Promise<ProcessEnd> => {
    const exit = await exited
    await ending
    const inGroup = spec.keepsLeftovers !== true || reason !== undefined ? await endLeftovers(pid) : []
    const strays = spec.mark === undefined ? [] : await endStrays(`${spec.mark}=${spec.env[spec.mark] ?? ''}`)
    await Promise.race([output, delay(pipeGraceMs, undefined, { ref: false })])
    // On a busy machine the timer may fire before everything in the pipes was read.
    await nextTurn()
    stdout.destroy()
    stderr.destroy()
    await output
    // Its background processes may be wanted, but not longer than autopilot lives.
    if (spec.keepsLeftovers !== true || !isGroupAlive(pid)) forget()
    // A process that is ended in the middle of its work always has something running.
    const leftovers = reason === undefined ? [...new Set([...inGroup, ...strays])] : []
    const left = leftovers.length === 0 ? {} : { leftovers }
    return { exit, stderrTail: tail.text(), ...left, ...(reason === undefined ? {} : { ended: reason }) }
  }
  return {
    pid,
    exited,
    finished: finish(),
    end(why) {
      if (hasExited || reason !== undefined) return
      reason = why
      ending = endGroup(pid, exited, spec.graceMs)
    },
  }
}

/** A process that could not even be launched. */
export function notStarted(why: NotLaunched | Promise<NotLaunched>): RunningProcess {
  const exited = Promise.resolve(why).then(({ message }): ExitStatus => ({ type: 'not_started', message }))
  const finished = exited.then((exit) => ({ exit, stderrTail: '' }))
  return { pid: undefined, exited, finished, end: () => undefined }
}

function sinkOf(
  to: string | Sink,
  { maxFileBytes, mask }: Pick<ProcessSpec, 'maxFileBytes' | 'mask'>,
  onMasked?: (chunk: Buffer) => void,
): Sink {
  if (typeof to !== 'string') return to
  return new MaskedFile({ path: to, maxBytes: maxFileBytes, mask, ...(onMasked ? { onMasked } : {}) })
}

/**
 * Passes a stream on and gives it to a sink, until it ends or is destroyed. A slow disk slows the program down; but
 * once the program has ended, the rest in the pipe is read at once, because the final event must not wait.
 */
async function pump(
  stream: Readable,
  exited: Promise<unknown>,
  sink: Sink,
  onChunk: (chunk: Buffer) => void,
): Promise<void> {
  let hasExited = false
  void exited.then(() => {
    hasExited = true
    stream.resume()
  })
  stream.on('data', (chunk: Buffer) => {
    onChunk(chunk)
    if (sink.write(chunk) || hasExited) return
    stream.pause()
    void sink.drained().then(() => stream.resume())
  })
  // A broken pipe ends the output; the exit status says the rest.
  stream.on('error', () => undefined)
  if (!stream.closed) await once(stream, 'close').catch(() => undefined)
  await sink.close()
}
