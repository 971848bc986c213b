import { deferred } from '../../domain/deferred.js'
import type { EndReason, ExitStatus } from '../../domain/agent/attempt.js'
import type { ProcessorLook } from '../../domain/process/process-family.js'
import type { SpawnedProcess } from '../../domain/process/stray.js'
import type { AgentExit, RunningTurn, SignsOfLife, TurnEvent, TurnRequest } from '../agent/contract.js'
import { EventStream } from '../agent/event-stream.js'
import type { FromWorker, ToWorker } from './messages.js'

type About<Message, Type> = Extract<Message, { readonly type: Type }>

/** A turn that a worker runs, as the coordinator sees it. */
export class RemoteTurn implements RunningTurn {
  readonly events = new EventStream<TurnEvent>()
  readonly #ended = deferred<AgentExit>()
  readonly ended = this.#ended.promise
  readonly life: SignsOfLife
  /** The agent's process, once it is known. */
  process: SpawnedProcess | undefined
  readonly #number: number
  readonly #tell: (message: ToWorker) => void
  readonly #looks = new Map<number, (look: ProcessorLook) => void>()
  #looked = 0
  #isStopped = false
  #hasExited = false
  #hasPrinted = false

  /** `tell` passes a message on to the worker, in order. */
  constructor(number: number, request: TurnRequest, tell: (message: ToWorker) => void) {
    this.#number = number
    this.#tell = tell
    this.life = { processorTimes: (maxAgeMs) => this.#look(maxAgeMs), isStopped: () => this.#isStopped }
    tell({ type: 'turn', turn: number, request })
  }

  begin(): void {
    this.#tell({ type: 'begin', turn: this.#number })
  }

  end(reason: EndReason): void {
    this.#tell({ type: 'end', turn: this.#number, reason })
  }

  happened(event: TurnEvent): void {
    if (event.type === 'spawned') this.process = event.process
    if (event.type === 'exited') this.#hasExited = true
    if (event.type === 'said') this.#hasPrinted = true
    this.events.push(event)
  }

  looked({ question, times, ageMs, isStopped }: About<FromWorker, 'looked'>): void {
    this.#isStopped = isStopped
    this.#looks.get(question)?.({ times: new Map(times.map(({ pid, ms }) => [pid, ms])), ageMs })
    this.#looks.delete(question)
  }

  over(end: AgentExit): void {
    for (const resolve of this.#looks.values()) resolve({ times: new Map(), ageMs: 0 })
    this.#looks.clear()
    this.events.close()
    this.#ended.resolve(end)
  }

  /** Its worker is gone, and with it whoever would have told. */
  lost(exit: ExitStatus): void {
    if (!this.#hasExited) this.events.push({ type: 'exited', exit })
    this.over({ exit, stderrTail: '', hasPrinted: this.#hasPrinted })
  }

  #look(maxAgeMs: number): Promise<ProcessorLook> {
    return new Promise((resolve) => {
      const question = ++this.#looked
      this.#looks.set(question, resolve)
      this.#tell({ type: 'look', turn: this.#number, question, maxAgeMs })
    })
  }
}
