import type { AtWork } from '../../domain/landing/base.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import type { TaskGraph } from '../../domain/roadmap/graph.js'
import type { HoldReason } from '../../domain/roadmap/hold.js'
import type { ProviderModel } from '../../domain/agent/provider-model.js'
import { aftermathOf } from '../../domain/attempt/aftermath.js'
import type { GoingOn, Resumption } from '../../domain/run/reconcile.js'
import { commandProvider, routeRequestOf } from '../../domain/routing/routing.js'
import { knownText, untried, type Inheritance, type TaskProgress } from '../../domain/run/task-progress.js'
import { totalAttempts, usableProviders, whyOut, type TaskState } from '../../domain/run/run-state.js'
import { rankOf, readyTasks, reviewRank, waitingFor, type Settledness } from '../../domain/roadmap/schedule.js'
import type { Task } from '../../domain/roadmap/task.js'
import { plural } from '../../domain/text.js'
import type { Agent, AgentPool, ReservationRequest } from '../../pool/contract.js'
import { ReservationError } from '../../pool/reservation-error.js'
import { attemptText } from '../attempt/attempt-text.js'
import { performAttempt, type AttemptEnd } from '../attempt/attempt.js'
import { collectLeft } from '../attempt/catch-up-on.js'
import { feedbackOfAll } from '../attempt/feedback.js'
import type { ReviewWork } from '../place/isolation.js'
import type { AttemptSlots } from '../attempt/ongoing.js'
import { resumeAttempt } from '../attempt/resume-attempt.js'
import type { RoomWatch } from '../place/room-watch.js'
import { createReviewing } from '../attempt/review.js'
import { shown, type AttemptRequest, type AttemptSettings, type HeldSlot } from '../attempt/turn.js'

export interface RunParts extends Omit<AttemptSettings, 'review'> {
  readonly graph: TaskGraph
  readonly pool: AgentPool
  readonly room: Pick<RoomWatch, 'look'>
  /** The most attempts of a task in all, over all resumes, those that do not count included. */
  readonly maxTotalAttempts: number
  /** Has the roadmap told what is done. */
  readonly markDone: (taskId: string) => void
  /** Looks whether a person has put the task on hold, or taken it out of the roadmap, since the run began. */
  readonly heldByPerson: (taskId: string) => Promise<HoldReason | undefined>
  /** The base is judged, beside the first agents. */
  readonly judgesBase: boolean
  /** Of a run that is resumed: how its tasks go on. */
  readonly resumptions?: ReadonlyMap<string, Resumption>
}

/** An attempt that the loop makes. */
interface Beginning {
  readonly task: Task
  readonly attempt: number
  /** The attempt was interrupted with the run, and goes on. */
  readonly goingOn?: GoingOn
}

/**
 * The loop of a run: starts every ready task at once, lets the pool decide when and where, and makes what follows
 * from each end: done, a further attempt, or failure. There is no batch and no barrier. Resolves when nothing runs
 * and nothing can start any more.
 */
export async function runTasks(parts: RunParts): Promise<void> {
  await new TaskLoop(parts).run()
}

class TaskLoop {
  readonly #parts: RunParts
  #notStarted = 0
  #active = 0
  readonly #review: ReviewWork
  #settle: { readonly resolve: () => void; readonly reject: (bug: unknown) => void } | undefined

  constructor(parts: RunParts) {
    this.#parts = parts
    this.#review = createReviewing({
      ...parts,
      usable: () => usableProviders(parts.recorder.state),
      reserve: async (task, reviewer) => {
        const agent = await this.#reserveExactly(task, reviewRank, reviewer)
        return typeof agent === 'string' ? agent : this.#heldSlot(agent)
      },
    })
  }

  async run(): Promise<void> {
    const { graph, recorder, pool } = this.#parts
    const forward = (counts: typeof pool.counts) => void recorder.record({ type: 'queue_updated', ...counts })
    pool.on('queue:updated', forward)
    const failed = [...recorder.state.tasks.values()].filter(({ state }) => state.type === 'failed')
    // Of a run that is resumed: what waits for them cannot begin.
    for (const { id } of failed) this.#holdDependents(id, this.#waitingFor(id))
    const pending = [...recorder.state.tasks.values()].filter(({ state }) => state.type === 'pending')
    this.#notStarted = pending.length
    this.#expect(0)
    await new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject: (bug) => reject(bug instanceof Error ? bug : new Error(String(bug))) }
      this.#openBase()
      this.#startReady(graph.tasks.keys())
      if (this.#active === 0) resolve()
    })
    pool.off('queue:updated', forward)
  }

  #openBase(): void {
    const { base, isolation, judgesBase, resumptions, recorder } = this.#parts
    if (!judgesBase || !isolation.base) return
    const isFinished = ({ type }: Resumption) => type === 'land' || type === 'collect'
    const worksWait =
      recorder.state.base?.verdict === 'failed' && [...(resumptions ?? new Map()).values()].some(isFinished)
    base.open({ ...isolation.base, worksWait }, (bug) => this.#settle?.reject(bug))
  }

  #atWork({ task, attempt }: Beginning, { provider }: ProviderModel): AtWork {
    const order = this.#parts.graph.order.get(task.id) ?? 0
    const isAgent = provider !== commandProvider
    return { taskId: task.id, attempt, priority: task.priority, order, isAgent, doing: { type: 'working' } }
  }

  #expect(started: number): void {
    this.#notStarted -= started
    this.#parts.isolation.expect(Math.max(0, this.#notStarted))
  }

  readonly #settledness = (taskId: string): Settledness => {
    const state: TaskState | undefined = this.#parts.recorder.state.tasks.get(taskId)?.state
    // A task that this run is not about, but that others wait for, is done in the file: else they would be held.
    if (!state || state.type === 'done') return 'done'
    return state.type === 'pending' ? 'waiting' : 'other'
  }

  #startReady(candidates: Iterable<string>): void {
    const { graph, recorder } = this.#parts
    if (recorder.state.stopping) return
    const mine = [...candidates].filter((id) => recorder.state.tasks.has(id))
    for (const id of readyTasks(graph, this.#settledness, mine)) {
      const task = graph.tasks.get(id)
      if (!task) continue
      const beginning = this.#beginning(task)
      const attempts = totalAttempts(recorder.state.tasks.get(id), true) - (beginning.goingOn ? 1 : 0)
      // What an agent had finished has been paid for, and only lands.
      const isPaid = beginning.goingOn !== undefined && beginning.goingOn.type !== 'continue'
      const spent = isPaid ? undefined : this.#whySpent(task, attempts)
      if (spent === undefined) this.#start(beginning)
      else {
        this.#expect(1)
        this.#fail(id, attempts, failure('budget', `No further attempt: ${spent}.`))
      }
    }
  }

  /** Where a task begins: with its first attempt, or where it stood when the run was interrupted. */
  #beginning(task: Task): Beginning {
    const resumption = this.#parts.resumptions?.get(task.id)
    if (!resumption) return { task, attempt: 1 }
    if (resumption.type === 'start') return { task, attempt: resumption.attempt }
    if (resumption.type === 'landed' || resumption.type === 'failed') throw new Error(`${task.id} does not go on`)
    return { task, attempt: resumption.open.attempt, goingOn: resumption }
  }

  /** How far a task has come. */
  #progress(taskId: string): TaskProgress {
    return this.#parts.recorder.state.progress.get(taskId) ?? untried
  }

  #start(beginning: Beginning): void {
    const { task, attempt } = beginning
    void this.#parts.recorder.record({ type: 'task_queued', taskId: task.id, attempt })
    this.#active++
    this.#attempt(beginning).then(
      () => {
        this.#parts.base.ended(task.id)
        if (--this.#active === 0) this.#settle?.resolve()
      },
      (bug: unknown) => this.#settle?.reject(bug),
    )
  }

  async #attempt(beginning: Beginning): Promise<void> {
    const { task, goingOn } = beginning
    if (goingOn) return this.#goOn(beginning, goingOn)
    if (this.#progress(task.id).spared > 0) await this.#parts.room.look()
    const agent = await this.#reserve(beginning)
    if (!agent) return
    this.#expect(1)
    this.#parts.base.began(this.#atWork(beginning, agent))
    const { hold, ...slots } = this.#slots(task, agent)
    const request = this.#attemptRequest(beginning, agent)
    const end = performAttempt(request, this.#settings(), { ...slots, first: hold(agent) })
    this.#onEnd(beginning, agent, await end.finally(slots.releaseAll))
  }

  /** An attempt that was interrupted with the run; it needs a slot first where its agent goes on. */
  async #goOn(beginning: Beginning, goingOn: GoingOn): Promise<void> {
    const { task } = beginning
    const { agent } = goingOn.open
    const atWork = this.#atWork(beginning, agent)
    if (goingOn.type === 'continue') await this.#parts.base.beganAgain(atWork)
    else this.#parts.base.began(atWork)
    const reserved = goingOn.type === 'continue' ? await this.#reserveToGoOn(beginning, goingOn) : undefined
    this.#expect(1)
    if (typeof reserved === 'string') {
      // It has not run, and is as it was for when the run is resumed again.
      if (reserved === 'unservable') this.#hold(task.id, 0, `${agent.provider} is not usable for now`)
      return
    }
    const { hold, ...slots } = this.#slots(task, agent)
    const first = reserved ? { first: hold(reserved) } : {}
    const request = this.#attemptRequest(beginning, agent)
    const end = resumeAttempt(request, goingOn, this.#settings(), { ...slots, ...first })
    this.#onEnd(beginning, agent, await end.finally(slots.releaseAll))
  }

  /** As {@link #reserve}, for a conversation; where a person holds the task, what it has done is collected. */
  async #reserveToGoOn({ task, attempt }: Beginning, { open: past, stands }: GoingOn) {
    const { recorder, isolation } = this.#parts
    const { agent } = past
    const { slot, held } = await this.#unlessHeld(task.id, () => this.#reserveExactly(task, 1, agent))
    if (!held) return slot
    const text = knownText(past)
    const of = { task, attempt, agent, ...(text === undefined ? {} : { text }) }
    if (stands) await collectLeft(of, past, { recorder, isolation })
    this.#holdForPerson(task.id, held)
    return 'held'
  }

  #settings(): AttemptSettings {
    return { ...this.#parts, review: this.#review }
  }

  #attemptRequest({ task, attempt }: Beginning, agent: ProviderModel): AttemptRequest {
    const { used, feedback: reasons } = this.#progress(task.id)
    const counted = { number: used + 1, most: this.#mostAttempts(task) }
    const feedback = feedbackOfAll(reasons)
    const inherited = this.#inherited(task)
    const more = { ...(feedback === undefined ? {} : { feedback }), ...(inherited ? { inherited } : {}) }
    return { task, attempt, counted, agent, ...more }
  }

  /** What its last attempt left that was cut off, unless the task says something else by now. */
  #inherited(task: Task): Inheritance | undefined {
    const { inherited } = this.#progress(task.id)
    if (inherited?.text === undefined) return inherited
    return inherited.text === attemptText(task, this.#parts) ? inherited : undefined
  }

  #onEnd(beginning: Beginning, agent: ProviderModel, end: AttemptEnd): void {
    if (end.type === 'done') this.#onDone(beginning, end.how)
    else this.#onFailure(beginning, agent, end.failure)
  }

  /** The slots of one attempt: the one that was reserved for it, to `hold`, and those that its repair rounds ask for. */
  #slots(task: Task, agent: ProviderModel) {
    const held: HeldSlot[] = []
    const hold = (one: Agent) => {
      const slot = this.#heldSlot(one)
      held.push(slot)
      return slot
    }
    return {
      hold,
      again: async (): ReturnType<AttemptSlots['again']> => {
        const again = await this.#reserveExactly(task, 1, agent, held.at(-1)?.agent.id)
        return typeof again === 'string' ? again : hold(again)
      },
      releaseAll: () => held.forEach(({ release }) => release()),
    }
  }

  #heldSlot(agent: Agent): HeldSlot {
    let isHeld = true
    return {
      agent,
      release: () => {
        if (isHeld) this.#parts.pool.releaseAgent(agent.id)
        isHeld = false
      },
    }
  }

  /** For a repair round or a review: ranked as that attempt would be, and without a prepared workspace. */
  async #reserveExactly(
    task: Task,
    attempt: number,
    { provider, model }: ProviderModel,
    prefers?: string,
  ): Promise<Agent | ReservationError['reason']> {
    const { pool, graph, signal } = this.#parts
    const exactly = model === undefined ? { provider } : { provider, model }
    const request = {
      id: task.id,
      rank: rankOf(task, attempt, graph),
      needsWorkspace: false,
      exactly,
      ...(prefers === undefined ? {} : { prefers }),
    }
    try {
      return await pool.reserveAgent(request, task.complexity, { signal })
    } catch (error) {
      if (!(error instanceof ReservationError)) throw error
      return error.reason
    }
  }

  /** Undefined when the reservation came to nothing, or a person holds the task; it has then been settled. */
  async #reserve(beginning: Beginning): Promise<Agent | undefined> {
    const { id } = beginning.task
    const { slot, held } = await this.#unlessHeld(id, () => this.#granted(beginning))
    if (held) {
      this.#expect(1)
      this.#holdForPerson(id, held)
    }
    return slot
  }

  /** A slot, or what `reserve` gives in place of one, unless a person holds the task by the time that it is granted. */
  async #unlessHeld<None extends string | undefined>(
    taskId: string,
    reserve: () => Promise<Agent | None>,
  ): Promise<
    { readonly slot: Agent | None; readonly held?: never } | { readonly slot?: never; readonly held: HoldReason }
  > {
    const { pool, signal, heldByPerson } = this.#parts
    for (;;) {
      const slot = await reserve()
      if (typeof slot !== 'object') return { slot }
      // Only now: a person's word counts up to the last moment.
      const held = await heldByPerson(taskId)
      if (!held && !signal.aborted && pool.isStillGranted(slot.id)) return { slot }
      pool.giveBackUnused(slot.id)
      if (held) return { held }
      // While the file was read, what it was granted by has passed: it waits again, or is told why it need not.
    }
  }

  async #granted({ task, attempt }: Beginning): Promise<Agent | undefined> {
    const { pool, signal } = this.#parts
    const again = await this.#reserveAgain(task)
    if (again) return again
    try {
      return await pool.reserveAgent(this.#request(task), task.complexity, { signal })
    } catch (error) {
      if (!(error instanceof ReservationError)) throw error
      this.#expect(1)
      if (error.reason === 'unservable') this.#hold(task.id, attempt - 1, error.message)
      // What never started is not canceled: it has simply not run.
      else if (error.reason === 'aborted' && attempt > 1) this.#record({ type: 'task_canceled', taskId: task.id })
      return undefined
    }
  }

  /** Where the conversation goes on that was cut off, unless its provider or model is out. */
  async #reserveAgain(task: Task): Promise<Agent | undefined> {
    const { pool, signal } = this.#parts
    const exactly = this.#inherited(task)?.agent
    if (!exactly) return undefined
    const request = { ...this.#request(task), exactly: shown(exactly) }
    if (pool.unservable(request, task.complexity) !== undefined) return undefined
    try {
      return await pool.reserveAgent(request, task.complexity, { signal })
    } catch (error) {
      // Whatever else there may be is asked for as for any attempt.
      if (error instanceof ReservationError) return undefined
      throw error
    }
  }

  #request(task: Task): ReservationRequest {
    const { graph, isolation } = this.#parts
    return {
      id: task.id,
      rank: rankOf(task, this.#progress(task.id).used + 1, graph),
      needsWorkspace: isolation.kind === 'workspace',
      begins: true,
      ...routeRequestOf(task),
    }
  }

  #mostAttempts({ maxAttempts }: Task): number {
    return Math.min(maxAttempts ?? this.#parts.maxAttempts, this.#parts.maxAttempts)
  }

  #record(event: Parameters<RunParts['recorder']['record']>[0]): void {
    void this.#parts.recorder.record(event)
  }

  #onDone({ task, attempt }: Beginning, how: 'integrated' | 'unchanged' | 'in_place'): void {
    const { graph, markDone } = this.#parts
    this.#record({ type: 'task_done', taskId: task.id, attempt, how })
    markDone(task.id)
    this.#startReady(graph.dependents.get(task.id) ?? [])
  }

  #onFailure({ task, attempt }: Beginning, agent: ProviderModel, failed: Failure): void {
    const { signal, pool, recorder } = this.#parts
    const { used, spared } = this.#progress(task.id)
    const total = (counted: boolean) => totalAttempts(recorder.state.tasks.get(task.id), counted)
    const isCanceled = signal.aborted
    if (!isCanceled) this.#heed(failed)
    const follows = aftermathOf(failed, {
      counts: {
        ...{ attempt: used + 1, maxAttempts: this.#mostAttempts(task) },
        ...{ isOut: pool.isOut(agent), sparedBefore: spared },
      },
      isCommand: agent.provider === commandProvider,
      isCanceled,
      isStopping: recorder.state.stopping !== undefined,
      spent: (counted) => this.#whySpent(task, total(counted)),
      unservable: () => pool.unservable(this.#request(task), task.complexity),
    })
    const willRetry = follows.type === 'again' || (follows.type === 'left' && follows.willRetry)
    const counts = 'counted' in follows && !follows.counted ? { counted: false } : {}
    const attempts = 'counted' in follows && follows.counted ? used + 1 : total(false)
    this.#record({ type: 'attempt_failed', taskId: task.id, attempt, failure: failed, willRetry, ...counts })
    switch (follows.type) {
      case 'left':
        break
      case 'canceled':
        this.#record({ type: 'task_canceled', taskId: task.id })
        break
      case 'failed':
        this.#fail(task.id, attempts, follows.spent === undefined ? failed : noFurther(failed, follows.spent))
        break
      case 'held':
        this.#hold(task.id, attempt, follows.why)
        break
      case 'again':
        this.#expect(-1)
        this.#start({ task, attempt: attempt + 1 })
    }
  }

  /** What a failure says of more than its attempt. */
  #heed({ kind, message, spared }: Failure): void {
    // Nothing can land any more: what runs may end and is kept, what waits need not begin.
    if (kind === 'target') this.#parts.pool.shut(message)
    if (spared) void this.#parts.room.look()
  }

  /** Why a task that has had so many attempts in all may have no further one, whatever happened to the last. */
  #whySpent(task: Task, attempts: number): string | undefined {
    if (attempts < this.#parts.maxTotalAttempts) return this.#parts.allowances.usedUpBy(task)
    return `the task has had ${plural(attempts, 'attempt')} in all, the most that --max-total-attempts allows`
  }

  #fail(taskId: string, attempts: number, failed: Failure): void {
    const holds = this.#waitingFor(taskId)
    this.#record({ type: 'task_failed', taskId, attempts, failure: failed, holds: holds.length })
    this.#holdDependents(taskId, holds)
  }

  /** Nothing is left that may serve it, after so many attempts. */
  #hold(taskId: string, attempts: number, why: string): void {
    const { graph, recorder } = this.#parts
    const message = whyOut(recorder.state, graph.tasks.get(taskId) ?? {})?.message ?? why
    const tried = attempts > 0 ? ` (after ${plural(attempts, 'attempt')})` : ''
    const holds = this.#waitingFor(taskId)
    const reason = { type: 'unservable', message: `${message}${tried}` } as const
    this.#record({ type: 'task_held', taskId, reason, holds: holds.length })
    this.#holdDependents(taskId, holds)
  }

  /** With what waits for it: that goes on when the person lets it. */
  #holdForPerson(taskId: string, reason: HoldReason): void {
    const waiting = this.#waitingFor(taskId)
    this.#record({ type: 'task_held', taskId, reason, holds: waiting.length })
    this.#holdDependents(taskId, waiting, true)
  }

  #waitingFor(taskId: string): readonly string[] {
    return waitingFor(this.#parts.graph, this.#settledness, taskId)
  }

  #holdDependents(taskId: string, waiting: readonly string[], byPerson = false): void {
    for (const id of waiting)
      this.#record({
        type: 'task_held',
        taskId: id,
        reason: { type: 'dependency', taskIds: [taskId], byPerson },
      })
    this.#expect(waiting.length)
  }
}

function noFurther(failed: Failure, why: string): Failure {
  return { ...failed, message: `${failed.message} No further attempt: ${why}.` }
}
