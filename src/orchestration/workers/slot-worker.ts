import { formatExitStatus, type ExitStatus } from '../../domain/agent/attempt.js'
import { scheduleUsable } from '../../domain/agent/usable-time.js'
import type { MonotonicMs } from '../../domain/brand.js'
import { msBetween, type Clock } from '../../domain/clock.js'
import type { SpawnedProcess } from '../../domain/process/stray.js'
import { inMegabytes, whyWorn, type WearLimits } from '../../domain/process/wear.js'
import { misshapen } from '../../domain/shape/check.js'
import type { WorkerProcess } from '../../platform/processes/worker-process.js'
import type { ClosableRunner, RunningTurn, TurnRequest } from '../agent/contract.js'
import { fromWorkerShape, protocol, type FromWorker, type ToWorker, type WorkerSetup } from './messages.js'
import { RemoteTurn } from './remote-turn.js'

export interface WorkerParts {
  readonly clock: Clock
  /** `how`: the how-manieth process of this worker it is. */
  readonly start: (how: number, onMessage: (message: unknown) => void) => WorkerProcess
  readonly setup: (how: number) => WorkerSetup
  /** Ends what a process that is gone has left running, these agents above all. Never rejects. */
  readonly endRemains: (how: number, agents: readonly SpawnedProcess[]) => Promise<void>
  /** It was replaced; `why` is a sentence's end. */
  readonly onReplaced: (why: string) => void
  readonly limits?: WorkerLimits
}

/** When a worker is replaced. */
export interface WorkerLimits extends WearLimits {
  /** It has not said that it lives for so long, ms. */
  readonly silentMs: number
  /** Its memory at any time, bytes. */
  readonly hardBytes: number
}

/** A worker that runs one turn after the other needs 70 to 120 MB. */
export const workerLimits: WorkerLimits = {
  silentMs: 60_000,
  mostBytes: 400_000_000,
  hardBytes: 1_500_000_000,
  mostTurns: 500,
  mostAgeMs: 12 * 60 * 60_000,
}

/** What a worker has to end once its channel is closed, before it is killed, ms. */
const graceMs = 2_000
const atRest = 'its slot was taken away'
/** So often in a row a worker may end before it is ready. */
const mostFalseStarts = 3

/** A running process of a worker. */
interface Life {
  readonly number: number
  readonly process: WorkerProcess
  readonly since: MonotonicMs
  readonly turns: Map<number, RemoteTurn>
  isReady: boolean
  served: number
  rssBytes: number
  /** Why it is being ended. */
  why?: string
  cancelSilence: () => void
  /** What it is told once it is ready. */
  readonly outbox: ToWorker[]
}

/**
 * The worker of a slot, whichever process that is at the moment: one that dies, hangs, leaks or is old is replaced. A turn
 * whose worker dies is lost, and nothing of its agent is left when it says so.
 */
export class SlotWorker implements ClosableRunner {
  readonly #parts: WorkerParts
  readonly #limits: WorkerLimits
  #life: Life | undefined
  /** Which process has a turn. */
  readonly #homes = new Map<number, Life>()
  #lives = 0
  #numbers = 0
  #falseStarts = 0
  #isClosed = false
  /** Its slot is not there: no process waits for a turn. */
  #isResting = false
  readonly #endings = new Set<Promise<void>>()

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#limits = parts.limits ?? workerLimits
    this.#life = this.#begin()
  }

  turn(request: TurnRequest): RunningTurn {
    const number = ++this.#numbers
    this.#isResting = false
    this.#homes.set(number, (this.#life ??= this.#begin()))
    const turn = new RemoteTurn(number, request, (message) => tell(this.#homes.get(number), message))
    this.#homes.get(number)?.turns.set(number, turn)
    return turn
  }

  rest(): void {
    this.#isResting = true
    if (this.#life?.turns.size === 0) this.#end(this.#life, atRest)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#life) this.#end(this.#life, 'the run is over')
    await Promise.all(this.#endings)
  }

  #begin(): Life {
    const { clock, setup, start } = this.#parts
    const number = ++this.#lives
    const life: Life = {
      number,
      process: start(number, (message) => this.#heed(life, message)),
      ...{ since: clock.monotonic(), turns: new Map(), isReady: false, served: 0, rssBytes: 0, outbox: [] },
      cancelSilence: () => undefined,
    }
    life.process.send({ type: 'hello', protocol, setup: setup(number) } satisfies ToWorker)
    this.#listen(life)
    const ending = life.process.exited
      .then((exit) => this.#over(life, exit))
      .finally(() => this.#endings.delete(ending))
    this.#endings.add(ending)
    return life
  }

  #heed(life: Life, raw: unknown): void {
    const odd = misshapen(fromWorkerShape, raw)
    if (odd !== undefined) {
      this.#end(life, `it sent a message with an odd ${odd || 'form'}`)
      return
    }
    const message = raw as FromWorker
    this.#listen(life)
    switch (message.type) {
      case 'ready':
        this.#ready(life, message.protocol)
        break
      case 'beat':
        life.rssBytes = message.rssBytes
        if (message.rssBytes > this.#limits.hardBytes) this.#end(life, `it used ${inMegabytes(message.rssBytes)}`)
        break
      case 'event':
        life.turns.get(message.turn)?.happened(message.event)
        break
      case 'ended':
        this.#ended(life, message)
        break
      case 'looked':
        life.turns.get(message.turn)?.looked(message)
    }
  }

  #ready(life: Life, theirs: number): void {
    if (theirs !== protocol) {
      this.#end(life, `it speaks protocol ${theirs}`)
      return
    }
    life.isReady = true
    this.#falseStarts = 0
    for (const message of life.outbox.splice(0)) life.process.send(message)
  }

  #ended(life: Life, { turn, end }: Extract<FromWorker, { type: 'ended' }>): void {
    life.turns.get(turn)?.over(end)
    life.turns.delete(turn)
    this.#homes.delete(turn)
    life.served++
    const why = life.turns.size > 0 ? undefined : this.#isResting ? atRest : this.#whyWorn(life)
    if (why !== undefined) this.#end(life, why)
  }

  #whyWorn({ rssBytes: bytes, served: turns, since }: Life): string | undefined {
    return whyWorn({ bytes, turns, ageMs: msBetween(since, this.#parts.clock.monotonic()) }, this.#limits)
  }

  /** Time that the machine sleeps through does not count. */
  #listen(life: Life): void {
    const { clock } = this.#parts
    const { silentMs } = this.#limits
    life.cancelSilence()
    life.cancelSilence = scheduleUsable(silentMs, () => this.#end(life, `it was silent for ${silentMs / 1000} s`), {
      clock,
    })
  }

  /** Lets the process go; the next turn gets another one. */
  #end(life: Life, why: string): void {
    if (life.why !== undefined) return
    life.why = why
    if (this.#life === life) this.#life = undefined
    life.process.end(life.turns.size === 0 ? graceMs : 0)
  }

  async #over(life: Life, exit: ExitStatus): Promise<void> {
    life.cancelSilence()
    if (this.#life === life) this.#life = undefined
    const why = life.why ?? formatExitStatus(exit)
    const message = `the worker is gone (${why})`
    if (!life.isReady) this.#falseStarts++
    const isWanted = !this.#isClosed && !(this.#isResting && life.turns.size === 0)
    if (isWanted) this.#parts.onReplaced(why)
    const canStart = this.#falseStarts < mostFalseStarts && isWanted
    if (canStart) this.#life ??= this.#begin()
    if (life.isReady) await this.#lose(life, { type: 'lost', message })
    else if (this.#life) this.#handOver(life, this.#life)
    else await this.#lose(life, { type: 'not_started', message })
  }

  /** What a process that never was ready has been told, nobody has begun. */
  #handOver(from: Life, to: Life): void {
    for (const [number, turn] of from.turns) {
      this.#homes.set(number, to)
      to.turns.set(number, turn)
    }
    for (const message of from.outbox) tell(to, message)
  }

  async #lose({ number, turns }: Life, exit: ExitStatus): Promise<void> {
    if (turns.size === 0) return
    const agents = [...turns.values()].flatMap(({ process }) => process ?? [])
    await this.#parts.endRemains(number, agents)
    for (const [turn, lost] of turns) {
      this.#homes.delete(turn)
      lost.lost(exit)
    }
  }
}

/** A turn that is over has no process that could be told anything. */
function tell(life: Life | undefined, message: ToWorker): void {
  if (life?.isReady) life.process.send(message)
  else life?.outbox.push(message)
}
