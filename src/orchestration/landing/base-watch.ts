import type { CommitId, TaskId } from '../../domain/brand.js'
import {
  afterBaseEvent,
  baseAt,
  isStuck,
  mayBegin,
  nextDecisions,
  type AtWork,
  type Base,
  type BaseDecision,
  type BaseEvent,
  type Repair,
} from '../../domain/landing/base.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { AgentPool } from '../../pool/contract.js'
import type { TipVerdict } from './judge-tip.js'
import type { Recorder } from '../recorder.js'
import type { StopEarly } from '../stop-early.js'

export interface BaseWatchParts {
  readonly recorder: Recorder
  readonly pool: Pick<AgentPool, 'pause'>
  readonly stopEarly: StopEarly
  readonly signal: AbortSignal
}

/** The target's tip, and what judges it. */
export interface BaseToWatch {
  readonly tip: CommitId
  /** Judges a commit with `gates:`; `isMoot` says that nobody needs the verdict any more. */
  readonly judge: (commit: CommitId, isMoot: () => boolean) => Promise<TipVerdict>
  /** Work from an earlier part of the run waits for the base to pass: it is judged before anything else. */
  readonly workWaits: boolean
}

/** What follows for refused work; `canceled`: the run was canceled while it waited. */
export type AfterKeptOut = Exclude<BaseDecision, 'take_up'> | 'canceled'

/**
 * Watches the base of a run while the first agents work. `src/domain/landing/base.ts` decides; this carries it out.
 * Before {@link open}, every failed gate is the work's own fault, as in a run without gates or with `base_gates:
 * skip`.
 */
export class BaseWatch {
  readonly #parts: BaseWatchParts
  #base: Base | undefined
  #watched: BaseToWatch | undefined
  #hasBegun = false
  /** How failing gates are shown, by key. */
  readonly #names = new Map<string, string>()
  readonly #noted = new Set<string>()
  readonly #closing = new AbortController()
  readonly #judgings = new Set<Promise<void>>()
  readonly #waiting = new Map<TaskId, (decision: BaseDecision | 'canceled') => void>()
  #onBug: (bug: unknown) => void = () => undefined

  constructor(parts: BaseWatchParts) {
    this.#parts = parts
    parts.signal.addEventListener('abort', () => this.#cancel(), { once: true })
  }

  /** `onBug` is told about what can't happen in normal life. */
  open(watched: BaseToWatch, onBug: (bug: unknown) => void): void {
    this.#watched = watched
    this.#onBug = onBug
    this.#base = baseAt(watched.tip, watched.workWaits)
    this.#parts.pool.pause(watched.workWaits)
    if (watched.workWaits) this.#judge(watched.tip)
  }

  /** Aborted when the run is over: what still judges the base is ended. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Ends what still judges the base when the run is over. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#judgings)
  }

  /** An attempt has begun; the base is judged while the first ones run. */
  began(attempt: AtWork): void {
    this.#learn({ type: 'began', attempt })
    if (this.#base && !this.#hasBegun) this.#judge(this.#base.tip)
  }

  /** An attempt with an interrupted conversation has begun; resolves when it may continue. */
  async beganAgain(attempt: AtWork): Promise<void> {
    const mayWait = this.#base !== undefined && !this.#parts.signal.aborted
    const told = mayWait ? this.#wait(attempt.taskId) : undefined
    this.began(mayWait ? { ...attempt, doing: { type: 'held_back' } } : attempt)
    await told
  }

  /** The task was canceled: it waits for nothing any more. */
  withdraw(taskId: TaskId): void {
    this.#tell(taskId, 'canceled')
  }

  ended(taskId: TaskId): void {
    this.#learn({ type: 'ended', taskId })
  }

  /** Gates refused a task's work: resolves when it is known what follows. */
  async keptOut(taskId: TaskId, { kind, gates, on }: Failure, repair: Repair): Promise<AfterKeptOut> {
    if (!this.#base || kind !== 'gate_failed' || gates === undefined || on === undefined) return 'own'
    if (this.#parts.signal.aborted) return 'canceled'
    const told = this.#wait(taskId)
    this.#learn({ type: 'kept_out', taskId, by: { gates, on }, repair })
    const decision = await told
    return decision === 'take_up' ? 'own' : decision
  }

  /** Some tip of this run was red. */
  get hasBeenRed(): boolean {
    return (this.#base?.red.size ?? 0) > 0
  }

  /** Whether gates may have refused work on this commit because of that commit. */
  mayBlame({ gates = [] }: Failure, on: string): boolean {
    const red = this.#base?.red.get(on)
    return red ? gates.every((gate) => red.includes(gate)) : this.#base?.judging.has(on) === true
  }

  /** Some work has passed on its own tree. */
  passed(): void {
    this.#learn({ type: 'passed' })
  }

  /** The target has moved: to work that `passed`, or because somebody else moved it. */
  moved(to: CommitId, passed: boolean): void {
    const earlier = this.#base
    this.#learn({ type: 'moved', to, passed })
    const isOpen =
      earlier?.red.has(earlier.tip) === true || (earlier?.judging.has(earlier.tip) === true && !earlier.passed)
    if (earlier && !passed && isOpen) this.#judge(to)
  }

  #wait(taskId: TaskId): Promise<BaseDecision | 'canceled'> {
    return new Promise((resolve) => this.#waiting.set(taskId, resolve))
  }

  #judge(tip: CommitId): void {
    this.#hasBegun = true
    this.#learn({ type: 'judging', tip })
    const judging = this.#judged(tip)
      .catch(this.#onBug)
      .finally(() => this.#judgings.delete(judging))
    this.#judgings.add(judging)
  }

  async #judged(tip: CommitId): Promise<void> {
    if (!this.#watched) return
    const isMoot = () => this.#base?.passed === true
    const verdict = await this.#watched.judge(tip, isMoot)
    const red = verdict.type === 'judged' ? verdict.red : []
    for (const { key, name } of red) this.#names.set(key, name)
    // If the target has left a tip, only work based on that tip needs its verdict.
    if (verdict.type === 'judged' && tip === this.#base?.tip)
      void this.#parts.recorder.record({ type: 'base_judged', ...verdict.facts })
    this.#learn({ type: 'judged', tip, red: red.map(({ key }) => key) })
  }

  #learn(event: BaseEvent): void {
    if (!this.#base) return
    const { base, decisions } = nextDecisions(afterBaseEvent(this.#base, event))
    this.#base = base
    this.#parts.pool.pause(!mayBegin(base))
    for (const [taskId, decision] of decisions) this.#tell(taskId, decision)
    for (const work of base.atWork) this.#noteWaiting(base, work)
    // Canceled work ends for that reason.
    if (isStuck(base) && !this.#parts.signal.aborted && this.#isMoreToDo(base)) this.#giveUp(base)
  }

  /** Said once for each base. */
  #noteWaiting({ tip, red }: Base, { taskId, attempt, doing }: AtWork): void {
    if (doing.type !== 'kept_out' || doing.by.on !== tip || !red.has(tip)) return
    const key = JSON.stringify([taskId, attempt, tip])
    if (this.#noted.has(key)) return
    this.#noted.add(key)
    void this.#parts.recorder.record({ type: 'base_awaited', taskId, attempt, gates: this.#namesOf(doing.by.gates) })
  }

  #namesOf(keys: readonly string[]): readonly string[] {
    return keys.map((key) => this.#names.get(key) ?? key)
  }

  #tell(taskId: TaskId, decision: BaseDecision | 'canceled'): void {
    const told = this.#waiting.get(taskId)
    this.#waiting.delete(taskId)
    told?.(decision)
  }

  /** A run in which everything has ended needs no reason to end. */
  #isMoreToDo({ atWork }: Base): boolean {
    if (atWork.length > 0) return true
    return [...this.#parts.recorder.state.tasks.values()].some(
      ({ state: { type } }) => type === 'pending' || type === 'queued',
    )
  }

  #giveUp({ red, tip }: Base): void {
    const names = this.#namesOf(red.get(tip) ?? [])
    const why = `${names.join(', ')} ${names.length === 1 ? 'fails' : 'fail'} on the base, too`
    this.#parts.stopEarly({ reason: 'base_red', why, next: whatToDo })
    this.#learn({ type: 'given_up' })
  }

  #cancel(): void {
    for (const taskId of [...this.#waiting.keys()]) this.#tell(taskId, 'canceled')
  }
}

/** What a person can do about a base that is red, or looks red from a clean checkout. */
const whatToDo =
  'gates run in a clean checkout: use setup: to install what they need and copy: for ignored files; or fix the base, or set ' +
  'base_gates: skip. Then resume: waiting work is judged first, without an agent'
