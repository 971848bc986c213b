import type { AgentEvent } from '../../domain/agent/agent-event.js'
import type { EndReason, ExitStatus } from '../../domain/agent/attempt.js'
import type { Clock } from '../../domain/clock.js'
import { deferred } from '../../domain/deferred.js'
import { consequencesOf, failure } from '../../domain/agent/failure.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { statAtOnce } from '../../platform/files/at-once.js'
import { endNewcomers, processesBefore } from '../../platform/processes/table/newcomers.js'
import { isStopped } from '../../platform/processes/table/process-identity.js'
import { processorTimes } from '../../platform/processes/table/processor-looks.js'
import { MaskedFile } from '../../platform/streams/masked-file.js'
import { Tail } from '../../platform/streams/tail.js'
import type { DialogueTurn } from '../../providers/adapter/contract.js'
import type { AgentExit, RunningTurn, SignsOfLife, TurnEvent, TurnRequest } from '../agent/contract.js'
import { EventStream } from '../agent/event-stream.js'
import { maxFileBytes } from '../agent/process-runner.js'
import type { AgentServer, ServerListener } from './agent-server.js'

/** How long a server may take for each step, ms. */
export interface ServerLimits {
  /** For its handshake. */
  readonly openMs: number
  /** To take a turn on. It may have to start the user's MCP servers first. */
  readonly takeMs: number
  /** To end a turn that it was asked to end. */
  readonly interruptMs: number
  /** To end what a turn left running. */
  readonly cleanMs: number
}

export const usualLimits: ServerLimits = { openMs: 60_000, takeMs: 120_000, interruptMs: 3_000, cleanMs: 5_000 }

export interface ServedTurnParts {
  readonly request: TurnRequest
  /** Variables that only this turn's tools should have. */
  readonly variables: Readonly<Record<string, string>>
  /** Its server, once the slot is free for it. */
  readonly server: (listener: ServerListener) => Promise<AgentServer>
  readonly mask: Mask
  readonly clock: Clock
  readonly limits: ServerLimits
}

/** The turn has failed in a way that the next one may meet again in this process alone. */
function mayBeStale(event: AgentEvent): boolean {
  return event.type === 'result' && event.failure !== undefined && !!consequencesOf(event.failure.kind).mayBeStale
}

const stderrTailBytes = 16 * 1024

/** A turn that is one of many of its process: it ends by the protocol's word, or with the server. */
export class ServedTurn implements RunningTurn {
  readonly events = new EventStream<TurnEvent>()
  readonly ended: Promise<AgentExit>
  readonly life: SignsOfLife
  readonly #parts: ServedTurnParts
  readonly #output: TurnOutput
  readonly #begun = deferred<undefined>()
  readonly #stopped = deferred<undefined>()
  #server: AgentServer | undefined
  #turn: DialogueTurn | undefined
  #reason: EndReason | undefined
  #isOver = false
  #hasPrinted = false
  #before: ReadonlySet<string> | undefined

  constructor(parts: ServedTurnParts) {
    this.#parts = parts
    this.#output = new TurnOutput(parts)
    this.life = {
      processorTimes: (maxAgeMs) => processorTimes(this.#server?.pid ?? 0, maxAgeMs),
      isStopped: () => isStopped(this.#server?.pid ?? 0),
    }
    this.ended = this.#run()
  }

  begin(): void {
    this.#begun.resolve(undefined)
  }

  end(reason: EndReason): void {
    if (this.#isOver || this.#reason !== undefined) return
    this.#reason = reason
    this.#stopped.resolve(undefined)
  }

  async #run(): Promise<AgentExit> {
    const listener = this.#listener()
    const server = await this.#parts.server(listener)
    this.#server = server
    server.listen(listener)
    const exit = await this.#work(server)
    this.#isOver = true
    this.events.push({ type: 'exited', exit })
    const leftovers = await this.#tidy(server)
    server.listen(undefined)
    await this.#output.close()
    this.events.close()
    const [reason, left] = [this.#reason, [...new Set(leftovers)]]
    return {
      exit,
      stderrTail: this.#output.stderrTail,
      hasPrinted: this.#hasPrinted,
      ...(reason === undefined ? {} : { ended: reason }),
      // Whoever is ended in the middle of its work always has something running.
      ...(reason === undefined && left.length > 0 ? { leftovers: left } : {}),
    }
  }

  #listener(): ServerListener {
    return {
      ...{ stdout: this.#output.stdout, stderr: this.#output.stderr },
      printed: () => this.events.push({ type: 'printed' }),
      readLine: () => (this.#hasPrinted = true),
      failed: (why) => this.#hear([{ type: 'result', failure: why }]),
    }
  }

  #hear(events: readonly AgentEvent[]): void {
    this.events.push({ type: 'said', events })
  }

  /** Up to the moment at which nothing works any more. */
  async #work(server: AgentServer): Promise<ExitStatus> {
    const identity = await server.identity
    if (identity === undefined) return server.exited
    this.events.push({ type: 'spawned', process: identity })
    await Promise.race([this.#begun.promise, this.#stopped.promise, server.exited])
    // What has never begun leaves a server as it was, unless that was to be its first turn.
    if (this.#reason !== undefined) return this.#giveUp(server, 'The turn was ended before it began.')
    // A process would not start there; a server would work all the same, in no directory.
    if (!statAtOnce(this.#parts.request.assignment.request.cwd))
      return this.#giveUp(server, 'The working directory does not exist.')
    server.go()
    if (!(await this.#isOpen(server))) return server.exited
    this.#before = processesBefore()
    const { request, variables } = this.#parts
    const turn = server.turn({ assignment: request.assignment, variables }, (events) => {
      this.#hear(events)
      if (this.#reason === undefined && events.some(mayBeStale)) server.doubt()
    })
    this.#turn = turn
    return this.#untilOver(server, turn)
  }

  async #giveUp(server: AgentServer, message: string): Promise<ExitStatus> {
    if (!server.hasBegun) {
      server.end()
      await server.exited
    }
    return { type: 'not_started', message }
  }

  /** False if the server ends before it can be given a turn. */
  async #isOpen(server: AgentServer): Promise<boolean> {
    const { clock, limits } = this.#parts
    const cancel = clock.schedule(limits.openMs, () => {
      server.fail(failure('crash', this.#says(`did not answer within ${limits.openMs / 1000} s.`)))
    })
    const opened = server.open().then(() => true)
    const how = await Promise.race([opened, server.exited, this.#stopped.promise])
    cancel()
    if (how === true && this.#reason === undefined) return true
    server.end()
    return false
  }

  async #untilOver(server: AgentServer, turn: DialogueTurn): Promise<ExitStatus> {
    const { clock, limits } = this.#parts
    const over = turn.over.then(() => 'over' as const)
    const exited = server.exited.then(() => 'exited' as const)
    const cancel = clock.schedule(limits.takeMs, () => {
      server.fail(failure('crash', this.#says(`did not begin the turn within ${limits.takeMs / 1000} s.`)))
    })
    void Promise.race([turn.taken, over]).then(cancel)
    let how = await Promise.race([over, exited, this.#stopped.promise])
    if (how === undefined) {
      turn.interrupt()
      const cancelGrace = clock.schedule(limits.interruptMs, () => server.end())
      how = await Promise.race([over, exited])
      cancelGrace()
    }
    cancel()
    return how === 'over' && server.isUsable ? { type: 'code', code: 0 } : server.exited
  }

  /** Ends what the turn has left running. Gives the command lines. */
  async #tidy(server: AgentServer): Promise<readonly string[]> {
    if (server.isUsable && this.#turn) await this.#clean(server, this.#turn)
    const withServer = server.isUsable ? [] : ((await server.finished).leftovers ?? [])
    const { assignment, isAlone, env, mark } = this.#parts.request
    // It has done nothing yet.
    if (!this.#before) return withServer
    const entries = [server.entry, ...(mark === undefined ? [] : [`${mark}=${env[mark] ?? ''}`])]
    const place = isAlone ? { place: assignment.request.cwd } : {}
    return [...withServer, ...(await endNewcomers({ before: this.#before, entries, ...place }))]
  }

  async #clean(server: AgentServer, turn: DialogueTurn): Promise<void> {
    const cancel = this.#parts.clock.schedule(this.#parts.limits.cleanMs, () => server.end())
    await Promise.race([turn.clean(), server.exited])
    cancel()
  }

  #says(what: string): string {
    return `${this.#parts.request.provider}: the agent server ${what}`
  }
}

/** Where what the server prints during a turn goes. */
class TurnOutput {
  readonly stdout: MaskedFile
  readonly stderr: MaskedFile
  readonly #tail = new Tail(stderrTailBytes)

  constructor({ request: { output }, mask }: Pick<ServedTurnParts, 'request' | 'mask'>) {
    const file = { maxBytes: maxFileBytes, mask }
    this.stdout = new MaskedFile({ ...file, path: output.stdout })
    this.stderr = new MaskedFile({ ...file, path: output.stderr, onMasked: (chunk) => this.#tail.add(chunk) })
  }

  get stderrTail(): string {
    return this.#tail.text()
  }

  async close(): Promise<void> {
    await Promise.all([this.stdout.close(), this.stderr.close()])
  }
}
