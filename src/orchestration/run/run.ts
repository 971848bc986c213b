import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TaskId } from '../../domain/brand.js'
import type { AtWork } from '../../domain/landing/base.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import type { TaskGraph } from '../../domain/roadmap/graph.js'
import type { RunEvent } from '../../domain/run/event.js'
import { isPersonsHold, type HoldReason } from '../../domain/roadmap/hold.js'
import type { ProviderModel } from '../../domain/agent/provider-model.js'
import { aftermathOf } from '../../domain/attempt/aftermath.js'
import { newCourse, type Begun, type Course } from '../../domain/attempt/course.js'
import type { NoSlot } from '../../domain/attempt/end.js'
import { present } from '../../domain/present.js'
import { isPaid, type Continuation, type Resumption } from '../../domain/run/reconcile.js'
import { commandProvider, routeRequestOf } from '../../domain/routing/routing.js'
import { untried, type Inheritance, type TaskProgress } from '../../domain/run/task-progress.js'
import { totalAttempts, usableProviders, whyUnavailable, type TaskState } from '../../domain/run/run-state.js'
import { compareRanks, rankOf, readyTasks, reviewRank, waitingFor } from '../../domain/roadmap/schedule.js'
import type { Rank, Settledness } from '../../domain/roadmap/schedule.js'
import type { Task } from '../../domain/roadmap/task.js'
import { plural } from '../../domain/text.js'
import type { Agent, AgentPool, ReservationRequest } from '../../pool/contract.js'
import { ReservationError } from '../../pool/reservation-error.js'
import { driveAttempt, type AttemptSlots, type Driven } from '../attempt/driver.js'
import { collectLeft } from '../attempt/salvage.js'
import { feedbackOfAll } from '../attempt/feedback.js'
import type { RoomWatch } from '../place/room-watch.js'
import { createReviewing } from '../attempt/review.js'
import { attemptText, shown, type AttemptRequest, type AttemptSettings, type HeldSlot } from '../attempt/turn.js'
import { Cancellations, type CanceledHold } from './cancellations.js'

export interface RunParts extends Omit<AttemptSettings, 'review'> {
  readonly graph: TaskGraph
  readonly pool: AgentPool
  readonly room: Pick<RoomWatch, 'look'>
  /** Most attempts of a task over all resumes, including those that don't count. */
  readonly maxTotalAttempts: number
  /** Writes into the roadmap that a task is done. */
  readonly markDone: (taskId: TaskId) => void
  /** Checks whether a person has put the task on hold, or removed it from the roadmap, since the run began. */
  readonly heldByPerson: (taskId: TaskId) => Promise<HoldReason | undefined>
  /** Judges the base while the first agents work. */
  readonly judgesBase: boolean
  /** In a resumed run: how its tasks continue. */
  readonly resumptions?: ReadonlyMap<TaskId, Resumption>
  /** In a resumed run: the tasks that it works on, if not on all. */
  readonly named?: ReadonlySet<TaskId>
  /** What people cancel on its own. */
  readonly cancellations?: Cancellations
}

/** Tasks that are queued before the event loop has its turn. */
const maxAtOnce = 250

/** An attempt that the loop makes. */
interface TaskCourse {
  readonly task: Task
  readonly course: Course
  /** The attempt was interrupted with the run, and continues. */
  readonly continuation?: Continuation
}

/**
 * The loop of a run. It starts every ready task at once, lets the pool decide when and where, and decides what follows
 * each end: done, another attempt, or failure. There is no batch and no barrier. Resolves when nothing runs and
 * nothing can start any more.
 */
export async function runTasks(parts: RunParts): Promise<void> {
  await new TaskLoop(parts).run()
}

class TaskLoop {
  readonly #parts: RunParts
  #notStarted = 0
  #active = 0
  /** Tasks whose first attempt in this run was queued. */
  readonly #queued = new Set<TaskId>()
  readonly #cancellations: Cancellations
  readonly #settings: AttemptSettings
  #settle: { readonly resolve: () => void; readonly reject: (bug: unknown) => void } | undefined

  constructor(parts: RunParts) {
    this.#parts = parts
    this.#cancellations = parts.cancellations ?? new Cancellations()
    const review = createReviewing({
      ...parts,
      signalOf: (taskId) => this.#cancellations.signalOf(taskId, parts.signal),
      usable: () => usableProviders(parts.recorder.state),
      reserve: async (task, reviewer) => {
        const agent = await this.#reserveExactly(task, reviewRank, reviewer)
        return 'id' in agent ? this.#heldSlot(agent) : agent
      },
    })
    this.#settings = { ...parts, review }
  }

  async run(): Promise<void> {
    const { graph, recorder, pool } = this.#parts
    const forward = (counts: typeof pool.counts) => void recorder.record({ type: 'queue_updated', ...counts })
    pool.on('queue:updated', forward)
    const failed = [...recorder.state.tasks.values()].filter(({ state }) => state.type === 'failed')
    // In a resumed run, their dependents can't start.
    for (const { id } of failed) this.#holdDependents(id, waitingFor(graph, this.#settledness, id))
    const pending = [...recorder.state.tasks.values()].filter(
      ({ id, state }) => state.type === 'pending' && this.#isMine(id),
    )
    this.#notStarted = pending.length
    this.#expect(0)
    await new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject: (bug) => reject(bug instanceof Error ? bug : new Error(String(bug))) }
      this.#openBase()
      this.#startReady(graph.tasks.keys())
      this.#cancellations.heed((taskId, hold) => this.#cancel(taskId, hold))
    })
    this.#cancellations.close()
    pool.off('queue:updated', forward)
  }

  #openBase(): void {
    const { base, isolation, judgesBase, resumptions, recorder } = this.#parts
    if (!judgesBase || !isolation.base) return
    const isFinished = (resumption: Resumption) => resumption.type === 'continue' && isPaid(resumption)
    const workWaits = recorder.state.base?.verdict === 'failed' && [...(resumptions?.values() ?? [])].some(isFinished)
    base.open({ ...isolation.base, workWaits }, (bug) => this.#settle?.reject(bug))
  }

  #atWork({ task, course }: TaskCourse, { provider }: ProviderModel): AtWork {
    const { id: taskId, priority } = task
    const order = this.#parts.graph.order.get(taskId) ?? 0
    const isAgent = provider !== commandProvider
    return { taskId, attempt: course.attempt, priority, order, isAgent, doing: { type: 'working' } }
  }

  #expect(started: number): void {
    this.#notStarted -= started
    this.#parts.isolation.expect(Math.max(0, this.#notStarted))
  }

  readonly #settledness = (taskId: TaskId): Settledness => {
    const state: TaskState | undefined = this.#parts.recorder.state.tasks.get(taskId)?.state
    // A task outside this run that others depend on is done in the file; otherwise they would be held.
    if (!state || state.type === 'done') return 'done'
    return state.type === 'pending' ? 'waiting' : 'other'
  }

  /**
   * Queues ready tasks. Of thousands at once, those that run first come first, and the event loop runs in between, so
   * agents start and signals are handled meanwhile.
   */
  #startReady(candidates: Iterable<TaskId>): void {
    const { graph, recorder } = this.#parts
    const mine = [...candidates].filter((id) => recorder.state.tasks.has(id) && this.#isMine(id))
    const ready = readyTasks(graph, this.#settledness, mine).flatMap((id) => graph.tasks.get(id) ?? [])
    const inOrder = ready.length <= maxAtOnce ? ready : this.#byRank(ready)
    this.#count(this.#queueAll(inOrder))
  }

  #isMine(id: TaskId): boolean {
    return this.#parts.named?.has(id) ?? true
  }

  /** A task that somebody cancels on its own; the end of an attempt under way holds it. */
  #cancel(taskId: TaskId, hold: CanceledHold): void {
    const { recorder, pool, base } = this.#parts
    const state = recorder.state.tasks.get(taskId)?.state
    if (state?.type !== 'pending') {
      pool.withdraw(taskId)
      base.withdraw(taskId)
      return
    }
    if (!this.#queued.has(taskId) && this.#isMine(taskId)) this.#expect(1)
    this.#holdCanceled(taskId, hold)
  }

  #holdCanceled(taskId: TaskId, reason: CanceledHold): void {
    this.#stopAt(taskId, (holds) => ({ type: 'task_held', taskId, reason, holds }))
  }

  #byRank(tasks: readonly Task[]): readonly Task[] {
    const ranked = tasks.map((task) => ({ task, rank: this.#rank(task) }))
    return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ task }) => task)
  }

  async #queueAll(tasks: readonly Task[]): Promise<void> {
    for (const [index, task] of tasks.entries()) {
      if (index > 0 && index % maxAtOnce === 0) await nextTurn()
      if (this.#parts.recorder.state.stopping) return
      if (!this.#cancellations.holdOf(task.id)) this.#queue(task)
    }
  }

  #queue(task: Task): void {
    this.#queued.add(task.id)
    const beginning = this.#beginning(task)
    const { continuation } = beginning
    const attempts = totalAttempts(this.#parts.recorder.state.tasks.get(task.id), true) - (continuation ? 1 : 0)
    // An agent's finished work has been paid for, and only needs to land.
    const spent = continuation && isPaid(continuation) ? undefined : this.#whySpent(task, attempts)
    if (spent === undefined) this.#start(beginning)
    else {
      this.#expect(1)
      this.#fail(task.id, attempts, failure('budget', `No further attempt: ${spent}.`))
    }
  }

  /** The run continues until everything counted has ended. */
  #count(work: Promise<void>): void {
    this.#active++
    work.then(
      () => {
        if (--this.#active === 0) this.#settle?.resolve()
      },
      (bug: unknown) => this.#settle?.reject(bug),
    )
  }

  /** How a task begins: with its first attempt, or where it was when the run was interrupted. */
  #beginning(task: Task): TaskCourse {
    const resumption = this.#parts.resumptions?.get(task.id)
    if (!resumption) return { task, course: newCourse(1) }
    if (resumption.type === 'start') return { task, course: newCourse(resumption.attempt) }
    if (resumption.type === 'landed' || resumption.type === 'failed') throw new Error(`${task.id} does not go on`)
    return { task, course: resumption.course, continuation: resumption }
  }

  /** How far a task has come. */
  #progress(taskId: TaskId): TaskProgress {
    return this.#parts.recorder.state.progress.get(taskId) ?? untried
  }

  #start(beginning: TaskCourse): void {
    const { task, course } = beginning
    void this.#parts.recorder.record({ type: 'task_queued', taskId: task.id, attempt: course.attempt })
    this.#count(this.#attempt(beginning).then(() => this.#parts.base.ended(task.id)))
  }

  async #attempt(beginning: TaskCourse): Promise<void> {
    const { task, course, continuation } = beginning
    const { base } = this.#parts
    if (continuation && isPaid(continuation)) {
      base.began(this.#atWork(beginning, continuation.course.agent))
      this.#expect(1)
    }
    // Thousands wait: until it has a slot, an attempt is a place in the pool's line, and no more.
    const granted = 'agent' in course ? undefined : await this.#reserveFirst(beginning)
    const { releaseAll, ...slots } = this.#slots(beginning, granted)
    const { signal, withdrawn, close } = this.#cancellations.attempt(task.id, this.#parts.signal)
    const settings = { ...this.#settings, signal }
    const parts = { request: this.#request(task), settings, slots, withdrawn, ...present({ continuation }) }
    const driven = await driveAttempt(parts, course).finally(releaseAll)
    close()
    await this.#onEnd(beginning, driven)
  }

  #request(task: Task): AttemptRequest {
    const { used, feedback } = this.#progress(task.id)
    const counted = { number: used + 1, most: this.#maxAttemptsOf(task) }
    return { task, counted, ...present({ feedback: feedbackOfAll(feedback), inherited: this.#inherited(task) }) }
  }

  /** What its last attempt left if that was cut off, unless the task's text has changed. */
  #inherited(task: Task): Inheritance | undefined {
    const { inherited } = this.#progress(task.id)
    if (inherited?.text === undefined) return inherited
    return inherited.text === attemptText(task, this.#parts) ? inherited : undefined
  }

  async #onEnd(beginning: TaskCourse, { course, end }: Driven): Promise<void> {
    const { task } = beginning
    if (end.type === 'done') this.#onDone(task, course.attempt, end.how)
    else if (end.type === 'no_slot') await this.#onNoSlot(beginning, end.why)
    else if ('agent' in course) this.#onFailure(task, course, end.failure)
  }

  /** It didn't run and stays as it was, until the run is resumed or the person releases it. */
  async #onNoSlot({ task, course, continuation }: TaskCourse, why: NoSlot): Promise<void> {
    const { recorder, isolation } = this.#parts
    const attemptsBefore = continuation ? 0 : course.attempt - 1
    if (why.reason === 'held') {
      if (continuation?.stands) await collectLeft(task, continuation, { recorder, isolation })
      const held = { type: 'task_held', taskId: task.id, reason: why.hold } as const
      this.#stopAt(task.id, (holds) => ({ ...held, holds }), isPersonsHold(why.hold))
    } else if (why.reason === 'unservable') this.#hold(task.id, attemptsBefore, why.message)
    // A task that never started isn't canceled: it just hasn't run.
    else if (why.reason === 'aborted' && attemptsBefore > 0) this.#record({ type: 'task_canceled', taskId: task.id })
  }

  /** The slots of one attempt: its first, which may be granted by now, and those that its further turns ask for. */
  #slots(beginning: TaskCourse, granted?: Agent | NoSlot): AttemptSlots & { readonly releaseAll: () => void } {
    const { task } = beginning
    const held: HeldSlot[] = []
    const hold = (granted: Agent | NoSlot) => {
      if (!('id' in granted)) return granted
      const slot = this.#heldSlot(granted)
      held.push(slot)
      return slot
    }
    return {
      first: async () => hold(granted ?? (await this.#reserveFirst(beginning))),
      again: async (agent) => hold(await this.#reserveExactly(task, 1, agent, held.at(-1)?.agent.id)),
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

  /** The first slot of an attempt. An interrupted conversation waits until the base is known. */
  async #reserveFirst(beginning: TaskCourse): Promise<Agent | NoSlot> {
    const { task, continuation } = beginning
    const { base, room } = this.#parts
    const agent = continuation?.course.agent
    if (agent) await base.beganAgain(this.#atWork(beginning, agent))
    else if (this.#progress(task.id).spared > 0)
      await Promise.race([room.look(), this.#cancellations.whenCanceled(task.id)])
    const reserve = () => (agent ? this.#reserveExactly(task, 1, agent) : this.#reserve(task))
    const granted = await this.#unlessHeld(task.id, reserve)
    this.#expect(1)
    if (!agent && 'id' in granted) base.began(this.#atWork(beginning, granted))
    return granted
  }

  /** Like `reserve`, unless a person has put the task on hold by the time the slot is granted. */
  async #unlessHeld(taskId: TaskId, reserve: () => Promise<Agent | NoSlot>): Promise<Agent | NoSlot> {
    const { pool, signal, heldByPerson } = this.#parts
    for (;;) {
      const slot = await reserve()
      const canceled = this.#cancellations.holdOf(taskId)
      if (!('id' in slot)) return canceled ? { reason: 'held', hold: canceled } : slot
      // Only now, so that a person can decide until the last moment.
      const hold = (await heldByPerson(taskId)) ?? this.#cancellations.holdOf(taskId)
      if (!hold && !signal.aborted && pool.isStillGranted(slot.id)) return slot
      pool.giveBackUnused(slot.id)
      if (hold) return { reason: 'held', hold }
      // While the file was read, the reason for the grant may have gone: it waits again, or learns why it need not.
    }
  }

  /** The provider and model of the conversation that was cut off, unless they are out. */
  async #reserve(task: Task): Promise<Agent | NoSlot> {
    const request = this.#reservation(task)
    const cutOff = this.#inherited(task)?.agent
    const same = cutOff && { ...request, exactly: shown(cutOff) }
    if (same && this.#parts.pool.unservable(same, task.complexity) === undefined) {
      const slot = await this.#granted(same, task)
      if ('id' in slot) return slot
    }
    return this.#granted(request, task)
  }

  /** For a repair round or a review: ranked like the attempt, and without a prepared workspace. */
  #reserveExactly(task: Task, attempt: number, agent: ProviderModel, prefers?: string): Promise<Agent | NoSlot> {
    const rank = rankOf(task, attempt, this.#parts.graph)
    const request = { id: task.id, rank, needsWorkspace: false, exactly: shown(agent), ...present({ prefers }) }
    return this.#granted(request, task)
  }

  async #granted(request: ReservationRequest, { complexity }: Task): Promise<Agent | NoSlot> {
    const { pool, signal } = this.#parts
    if (this.#cancellations.holdOf(request.id)) return { reason: 'aborted', message: 'the task was canceled' }
    try {
      return await pool.reserveAgent(request, complexity, { signal })
    } catch (error) {
      if (!(error instanceof ReservationError)) throw error
      return { reason: error.reason, message: error.message }
    }
  }

  #reservation(task: Task): ReservationRequest {
    const { isolation } = this.#parts
    return {
      id: task.id,
      rank: this.#rank(task),
      needsWorkspace: isolation.kind === 'workspace',
      begins: true,
      ...routeRequestOf(task),
    }
  }

  #rank(task: Task): Rank {
    return rankOf(task, this.#progress(task.id).used + 1, this.#parts.graph)
  }

  #maxAttemptsOf({ maxAttempts }: Task): number {
    return Math.min(maxAttempts ?? this.#parts.maxAttempts, this.#parts.maxAttempts)
  }

  #record(event: RunEvent): void {
    void this.#parts.recorder.record(event)
  }

  #onDone(task: Task, attempt: number, how: 'integrated' | 'unchanged' | 'in_place'): void {
    const { graph, markDone } = this.#parts
    this.#record({ type: 'task_done', taskId: task.id, attempt, how })
    markDone(task.id)
    this.#startReady(graph.dependents.get(task.id) ?? [])
  }

  #onFailure(task: Task, { attempt, agent }: Begun, failed: Failure): void {
    const { signal, pool, recorder } = this.#parts
    const { used, spared } = this.#progress(task.id)
    const total = (counted: boolean) => totalAttempts(recorder.state.tasks.get(task.id), counted)
    const isCanceled = signal.aborted
    if (!isCanceled) this.#heed(failed)
    const canceled = this.#cancellations.holdOf(task.id)
    const follows = aftermathOf(failed, {
      counts: {
        ...{ attempt: used + 1, maxAttempts: this.#maxAttemptsOf(task) },
        ...{ isOut: pool.isOut(agent), sparedBefore: spared },
      },
      isCommand: agent.provider === commandProvider,
      isCanceled,
      isWithdrawn: canceled !== undefined,
      isStopping: recorder.state.stopping !== undefined,
      spent: (counted) => this.#whySpent(task, total(counted)),
      unservable: () => pool.unservable(this.#reservation(task), task.complexity),
    })
    const willRetry = follows.type === 'again' || (follows.type === 'left' && follows.willRetry)
    const counts = 'counted' in follows && !follows.counted ? { counted: false } : {}
    const attempts = 'counted' in follows && follows.counted ? used + 1 : total(false)
    this.#record({ type: 'attempt_failed', taskId: task.id, attempt, failure: failed, willRetry, ...counts })
    switch (follows.type) {
      case 'left':
        break
      case 'canceled':
        if (canceled) this.#holdCanceled(task.id, canceled)
        else this.#record({ type: 'task_canceled', taskId: task.id })
        break
      case 'failed':
        this.#fail(task.id, attempts, follows.spent === undefined ? failed : noFurther(failed, follows.spent))
        break
      case 'held':
        this.#hold(task.id, attempt, follows.why)
        break
      case 'again':
        this.#expect(-1)
        this.#start({ task, course: newCourse(attempt + 1) })
    }
  }

  /** The consequences of a failure beyond its attempt. */
  #heed({ kind, message, spared }: Failure): void {
    // Nothing can land any more: running attempts may end and are kept; waiting ones need not start.
    if (kind === 'target') this.#parts.pool.shut(message)
    if (spared) void this.#parts.room.look()
  }

  /** Why a task that has used up its attempts over all resumes gets no further one, however the last one ended. */
  #whySpent(task: Task, attempts: number): string | undefined {
    if (attempts < this.#parts.maxTotalAttempts) return this.#parts.allowances.usedUpBy(task)
    return `the task has had ${plural(attempts, 'attempt')} in all, as many as --max-total-attempts allows`
  }

  #fail(taskId: TaskId, attempts: number, failed: Failure): void {
    this.#stopAt(taskId, (holds) => ({ type: 'task_failed', taskId, attempts, failure: failed, holds }))
  }

  /** Nothing is left that could do it, after this many attempts. */
  #hold(taskId: TaskId, attempts: number, why: string): void {
    const { graph, recorder } = this.#parts
    const message = whyUnavailable(recorder.state, graph.tasks.get(taskId) ?? {})?.message ?? why
    const tried = attempts > 0 ? ` (after ${plural(attempts, 'attempt')})` : ''
    const reason = { type: 'unservable', message: `${message}${tried}` } as const
    this.#stopAt(taskId, (holds) => ({ type: 'task_held', taskId, reason, holds }))
  }

  /** Records that a task stops here, and holds its dependents; `byPerson`: until the person releases it. */
  #stopAt(taskId: TaskId, event: (holds: number) => RunEvent, byPerson = false): void {
    const waiting = waitingFor(this.#parts.graph, this.#settledness, taskId)
    this.#record(event(waiting.length))
    this.#holdDependents(taskId, waiting, byPerson)
  }

  #holdDependents(taskId: TaskId, waiting: readonly TaskId[], byPerson = false): void {
    const reason = { type: 'dependency', taskIds: [taskId], byPerson } as const
    for (const id of waiting) this.#record({ type: 'task_held', taskId: id, reason })
    this.#expect(waiting.filter((id) => this.#isMine(id)).length)
  }
}

function noFurther(failed: Failure, why: string): Failure {
  return { ...failed, message: `${failed.message} No further attempt: ${why}.` }
}
