import type { AgentEvent } from '../../domain/agent/agent-event.js'
import type { MonotonicMs } from '../../domain/brand.js'
import type { Clock } from '../../domain/clock.js'
import { deferred } from '../../domain/deferred.js'
import type { ExitStatus } from '../../domain/agent/attempt.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import type { SpawnedProcess } from '../../domain/process/stray.js'
import { noMask } from '../../domain/secrets/mask.js'
import type { StartProcess } from '../../platform/processes/door.js'
import type { ProcessEnd, RunningProcess } from '../../platform/processes/running-process.js'
import { OpenInput } from '../../platform/streams/open-input.js'
import { SinkSwitch, type Sink } from '../../platform/streams/sink.js'
import type { Dialogue, DialogueTurn, ServerCommand, Serving, TurnToServe } from '../../providers/adapter/contract.js'
import { stripped } from '../../providers/event-reader.js'
import { agentGraceMs, startWith } from '../agent/process-runner.js'

/** What server a turn wants. */
export interface WantedServer {
  /** The provider's name. */
  readonly provider: string
  readonly serving: Serving
  readonly command: ServerCommand
  /** Where it starts. */
  readonly cwd: string
  /** The root of the workspace of the turn that it is started for. */
  readonly root: string
  /** Its whole environment, but for its mark. */
  readonly env: Readonly<Record<string, string>>
  /** Equal for turns that may share a server. */
  readonly key: string
}

export interface ServerParts {
  readonly start: StartProcess
  readonly clock: Clock
  /** The value of its mark; no other server has it. */
  readonly mark: string
}

/** Whoever the server works for at the moment. */
export interface ServerListener {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly printed: () => void
  readonly readLine: () => void
  /** It broke its protocol and is being ended. */
  readonly failed: (why: Failure) => void
}

/** The variable that identifies a server's processes, wherever they go. */
const markVariable = 'AUTOPILOT_SERVER'
/** What it may leave unread in its stdin, bytes. */
const mostUnread = 32 * 1024 * 1024
/** How long it may take to end once its stdin is closed, ms. */
const closeMs = 2_000

/** A running agent server: its process, and the dialogue with it. */
export class AgentServer {
  readonly key: string
  /** The entry that its processes were started with. */
  readonly entry: string
  readonly dialogue: Dialogue
  readonly #process: RunningProcess
  readonly #parts: ServerParts
  readonly #provider: string
  readonly #input = new OpenInput()
  readonly #stdout = new SinkSwitch()
  readonly #stderr = new SinkSwitch()
  #listener: ServerListener | undefined
  #hasExited = false
  #isEnding = false
  #fault: Failure | undefined
  readonly #going = deferred<undefined>()
  #hasBegun = false
  #opened: Promise<void> | undefined
  #turns = 0
  #isDoubtful = false
  /** When it was started. */
  readonly since: MonotonicMs
  /** Who its process is; undefined if it could not be started. */
  readonly identity: Promise<SpawnedProcess | undefined>

  constructor(wanted: WantedServer, parts: ServerParts, listener: ServerListener) {
    this.key = wanted.key
    this.#provider = wanted.provider
    this.#parts = parts
    this.since = parts.clock.monotonic()
    this.entry = `${markVariable}=${parts.mark}`
    this.listen(listener)
    this.dialogue = wanted.serving.dialogue({
      env: { ...wanted.command.env, ...wanted.env },
      send: (line) => this.#send(line),
      fail: (why) => this.fail(why),
    })
    const spawned = deferred<SpawnedProcess>()
    this.#process = this.#start(wanted, (process) => {
      spawned.resolve(process)
      return this.#going.promise
    })
    void this.#process.exited.then(() => (this.#hasExited = true))
    this.identity = Promise.race([spawned.promise, this.#process.exited.then(() => undefined)])
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get exited(): Promise<ExitStatus> {
    return this.#process.exited
  }

  get finished(): Promise<ProcessEnd> {
    return this.#process.finished
  }

  /** The program has been let start. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  get isUsable(): boolean {
    return !this.#hasExited && !this.#isEnding
  }

  /** How many it has been given. */
  get turns(): number {
    return this.#turns
  }

  /** The failure of its last turn may be its own. */
  get isDoubtful(): boolean {
    return this.#isDoubtful
  }

  doubt(): void {
    this.#isDoubtful = true
  }

  /** From now on, what it prints is this one's. */
  listen(listener: ServerListener | undefined): void {
    this.#listener = listener
    this.#stdout.turnTo(listener?.stdout)
    this.#stderr.turnTo(listener?.stderr)
  }

  /** Lets the program start, if it has not started yet. */
  go(): void {
    this.#hasBegun = true
    this.#going.resolve(undefined)
  }

  /** The handshake, once. */
  open(): Promise<void> {
    this.#opened ??= this.dialogue.open()
    return this.#opened
  }

  turn(turn: TurnToServe, hear: (events: readonly AgentEvent[]) => void): DialogueTurn {
    this.#turns++
    return this.dialogue.turn(turn, hear)
  }

  /** It is of no use any more. The first reason counts. */
  fail(why: Failure): void {
    if (this.#fault !== undefined || this.#hasExited) return
    this.#fault = why
    this.#listener?.failed(why)
    this.end()
  }

  /** TERM, grace, KILL. */
  end(): void {
    this.#isEnding = true
    this.#process.end('canceled')
  }

  /** Lets it end by itself, and ends it if it does not. */
  async retire(): Promise<void> {
    this.#isEnding = true
    this.#input.close()
    const cancel = this.#parts.clock.schedule(closeMs, () => this.end())
    await this.#process.finished
    cancel()
  }

  #start(wanted: WantedServer, onSpawned: (process: SpawnedProcess) => Promise<void>): RunningProcess {
    const { files = [], env, file, args, argsAtStart = [] } = wanted.command
    const spec = {
      ...{ file, args: [...args, ...argsAtStart], cwd: wanted.cwd, root: wanted.root },
      env: { ...env, ...wanted.env, [markVariable]: this.#parts.mark },
      mark: markVariable,
      input: this.#input,
      stdoutFile: this.#stdout,
      stderrFile: this.#stderr,
      // Those who listen have files and masks of their own.
      ...{ maxFileBytes: 0, mask: noMask },
      graceMs: agentGraceMs,
      onStdoutLine: (line: string) => {
        this.#listener?.readLine()
        // What draws on terminals may write a title or a colour before a message.
        if (this.#fault === undefined) this.dialogue.receive(isWhole(line) ? line : stripped(line))
      },
      onLongLine: () => this.fail(failure('crash', `${this.#provider}: the agent server printed an endless line.`)),
      onOutput: () => this.#listener?.printed(),
      onSpawned,
    }
    return startWith(files, spec, this.#parts.start)
  }

  #send(line: string): void {
    this.#input.say(`${line}\n`)
    if (this.#input.waitingBytes > mostUnread)
      this.fail(failure('crash', `${this.#provider}: the agent server does not read what it is told.`))
  }
}

function isWhole(line: string): boolean {
  return line.startsWith('{') && line.endsWith('}')
}
