import type { AtWork } from '../../domain/landing/base.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import type { TaskGraph } from '../../domain/roadmap/graph.js'
import type { HoldReason } from '../../domain/roadmap/hold.js'
import type { ProviderModel } from '../../domain/agent/provider-model.js'
import { decideRetry, type RetryDecision } from '../../domain/agent/retry.js'
import type { GoingOn, Resumption } from '../../domain/run/reconcile.js'
import { commandProvider, routeRequestOf } from '../../domain/routing/routing.js'
import { knownText } from '../../domain/run/task-progress.js'
import { totalAttempts, usableProviders, whyOut, type TaskState } from '../../domain/run/run-state.js'
import { rankOf, readyTasks, reviewRank, waitingFor, type Settledness } from '../../domain/roadmap/schedule.js'
import type { Inheritance } from '../../domain/run/task-progress.js'
import type { Task } from '../../domain/roadmap/task.js'
import { plural } from '../../domain/text.js'
import { ReservationError, type Agent, type AgentPool, type ReservationRequest } from '../../pool/agent-pool.js'
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

/** How far a task has come, beyond what the state says: `attempt` numbers tries, `used` counts those that count. */
interface Progress {
  readonly task: Task
  readonly attempt: number
  readonly used: number
  /** Tries that did not count for want of room or of a directory. */
  readonly spared?: number
  /** Why the last try failed that said something about the work; a limit or a missing login does not. */
  readonly feedback?: string
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

  #atWork({ task, attempt }: Progress, { provider }: ProviderModel): AtWork {
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
      const progress = this.#beginning(task)
      const attempts = totalAttempts(recorder.state.tasks.get(id), true) - (progress.goingOn ? 1 : 0)
      // What an agent had finished has been paid for, and only lands.
      const isPaid = progress.goingOn !== undefined && progress.goingOn.type !== 'continue'
      const spent = isPaid ? undefined : this.#whySpent(task, attempts)
      if (spent === undefined) this.#start(progress)
      else {
        this.#expect(1)
        this.#fail(id, attempts, failure('budget', `No further attempt: ${spent}.`))
      }
    }
  }

  /** Where a task begins: with its first attempt, or where it stood when the run was interrupted. */
  #beginning(task: Task): Progress {
    const resumption = this.#parts.resumptions?.get(task.id)
    const before = this.#parts.recorder.state.progress.get(task.id)
    if (!resumption) return { task, attempt: 1, used: 0 }
    const feedback = feedbackOfAll(before?.feedback ?? [])
    const known = { task, used: before?.used ?? 0, ...(feedback === undefined ? {} : { feedback }) }
    if (resumption.type === 'start') return { ...known, attempt: resumption.attempt }
    if (resumption.type === 'landed' || resumption.type === 'failed') throw new Error(`${task.id} does not go on`)
    return { ...known, attempt: resumption.open.attempt, goingOn: resumption }
  }

  #start(progress: Progress): void {
    void this.#parts.recorder.record({ type: 'task_queued', taskId: progress.task.id, attempt: progress.attempt })
    this.#active++
    this.#attempt(progress).then(
      () => {
        this.#parts.base.ended(progress.task.id)
        if (--this.#active === 0) this.#settle?.resolve()
      },
      (bug: unknown) => this.#settle?.reject(bug),
    )
  }

  async #attempt(progress: Progress): Promise<void> {
    const { task, goingOn } = progress
    if (goingOn) return this.#goOn(progress, goingOn)
    if (progress.spared) await this.#parts.room.look()
    const agent = await this.#reserve(progress)
    if (!agent) return
    this.#expect(1)
    this.#parts.base.began(this.#atWork(progress, agent))
    const { hold, ...slots } = this.#slots(task, agent)
    const request = this.#attemptRequest(progress, agent)
    const end = performAttempt(request, this.#settings(), { ...slots, first: hold(agent) })
    this.#onEnd(progress, agent, await end.finally(slots.releaseAll))
  }

  /** An attempt that was interrupted with the run; it needs a slot first where its agent goes on. */
  async #goOn(progress: Progress, goingOn: GoingOn): Promise<void> {
    const { task } = progress
    const { agent } = goingOn.open
    const atWork = this.#atWork(progress, agent)
    if (goingOn.type === 'continue') await this.#parts.base.beganAgain(atWork)
    else this.#parts.base.began(atWork)
    const reserved = goingOn.type === 'continue' ? await this.#reserveToGoOn(progress, goingOn) : undefined
    this.#expect(1)
    if (typeof reserved === 'string') {
      // It has not run, and is as it was for when the run is resumed again.
      if (reserved === 'unservable') this.#hold(task.id, 0, `${agent.provider} is not usable for now`)
      return
    }
    const { hold, ...slots } = this.#slots(task, agent)
    const first = reserved ? { first: hold(reserved) } : {}
    const request = this.#attemptRequest(progress, agent)
    const end = resumeAttempt(request, goingOn, this.#settings(), { ...slots, ...first })
    this.#onEnd(progress, agent, await end.finally(slots.releaseAll))
  }

  /** As {@link #reserve}, for a conversation; where a person holds the task, what it has done is collected. */
  async #reserveToGoOn({ task, attempt }: Progress, { open: past, stands }: GoingOn) {
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

  #attemptRequest({ task, attempt, used, feedback }: Progress, agent: ProviderModel): AttemptRequest {
    const counted = { number: used + 1, most: this.#mostAttempts(task) }
    const inherited = this.#inherited(task)
    const more = { ...(feedback === undefined ? {} : { feedback }), ...(inherited ? { inherited } : {}) }
    return { task, attempt, counted, agent, ...more }
  }

  /** What its last attempt left that was cut off, unless the task says something else by now. */
  #inherited(task: Task): Inheritance | undefined {
    const inherited = this.#parts.recorder.state.progress.get(task.id)?.inherited
    if (inherited?.text === undefined) return inherited
    return inherited.text === attemptText(task, this.#parts) ? inherited : undefined
  }

  #onEnd(progress: Progress, agent: ProviderModel, end: AttemptEnd): void {
    if (end.type === 'done') this.#onDone(progress, end.how)
    else if (end.failure.kind === 'base_red') this.#leave(progress, end.failure)
    else this.#onFailure(progress, agent, end)
  }

  /** No attempt is spent: its work is on its ref, and goes on from there in the next run. */
  #leave({ task, attempt }: Progress, why: Failure): void {
    const fact = { taskId: task.id, attempt, failure: why, willRetry: false, counted: false } as const
    this.#record({ type: 'attempt_failed', ...fact })
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
  async #reserve(progress: Progress): Promise<Agent | undefined> {
    const { id } = progress.task
    const { slot, held } = await this.#unlessHeld(id, () => this.#granted(progress))
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

  async #granted({ task, attempt, used }: Progress): Promise<Agent | undefined> {
    const { pool, signal } = this.#parts
    const again = await this.#reserveAgain(task, used + 1)
    if (again) return again
    try {
      return await pool.reserveAgent(this.#request(task, used + 1), task.complexity, { signal })
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
  async #reserveAgain(task: Task, attempt: number): Promise<Agent | undefined> {
    const { pool, signal } = this.#parts
    const exactly = this.#inherited(task)?.agent
    if (!exactly) return undefined
    const request = { ...this.#request(task, attempt), exactly: shown(exactly) }
    if (pool.unservable(request, task.complexity) !== undefined) return undefined
    try {
      return await pool.reserveAgent(request, task.complexity, { signal })
    } catch (error) {
      // Whatever else there may be is asked for as for any attempt.
      if (error instanceof ReservationError) return undefined
      throw error
    }
  }

  #request(task: Task, attempt: number): ReservationRequest {
    const { graph, isolation } = this.#parts
    return {
      id: task.id,
      rank: rankOf(task, attempt, graph),
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

  #onDone({ task, attempt }: Progress, how: 'integrated' | 'unchanged' | 'in_place'): void {
    const { graph, markDone } = this.#parts
    this.#record({ type: 'task_done', taskId: task.id, attempt, how })
    markDone(task.id)
    this.#startReady(graph.dependents.get(task.id) ?? [])
  }

  #onFailure(progress: Progress, agent: ProviderModel, end: Extract<AttemptEnd, { type: 'failed' }>): void {
    const { failure: failed, repaired } = end
    const { task, attempt } = progress
    const { signal, pool, recorder } = this.#parts
    if (failed.kind === 'canceled' || signal.aborted) {
      this.#record({ type: 'attempt_failed', taskId: task.id, attempt, failure: failed, willRetry: false })
      this.#record({ type: 'task_canceled', taskId: task.id })
      return
    }
    this.#heed(failed)
    const decision = this.#decide(progress, agent, failed)
    const counted = decision !== 'move_on'
    const used = progress.used + (counted ? 1 : 0)
    const total = totalAttempts(recorder.state.tasks.get(task.id), counted)
    const spent = decision === 'give_up' ? undefined : this.#whySpent(task, total)
    const again = decision !== 'give_up' && spent === undefined
    // In this run nothing starts any more: the task is left as it is.
    const isLeft = again && recorder.state.stopping !== undefined
    // Asked before anything is promised: with its last provider out, the task will not be tried again.
    const unservable = again && !isLeft ? pool.unservable(this.#request(task, used), task.complexity) : undefined
    const willRetry = again && unservable === undefined
    const fact = { type: 'attempt_failed', taskId: task.id, attempt, failure: failed, willRetry } as const
    this.#record(counted ? fact : { ...fact, counted })
    if (!again) this.#fail(task.id, counted ? used : total, spent === undefined ? failed : noFurther(failed, spent))
    else if (unservable !== undefined) this.#hold(task.id, attempt, unservable)
    else if (!isLeft) {
      this.#expect(-1)
      // An account's trouble is not the work's: the next agent has nothing to learn from it.
      const feedback = feedbackOfAll(counted ? [...repaired, failed] : repaired)
      const carried = progress.feedback === undefined ? {} : { feedback: progress.feedback }
      const more = feedback === undefined ? {} : { feedback }
      const spared = sparedWith(progress, failed)
      this.#start({ task, ...carried, ...more, attempt: attempt + 1, used, spared })
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

  /** A command has no account: what would be an account's trouble is its own. */
  #decide({ used, task, spared = 0 }: Progress, agent: ProviderModel, failed: Failure): RetryDecision {
    const counts = {
      attempt: used + 1,
      maxAttempts: this.#mostAttempts(task),
      isOut: this.#parts.pool.isOut(agent),
      sparedBefore: spared,
    }
    const decision = decideRetry(failed, counts)
    if (agent.provider !== commandProvider || failed.spared) return decision
    if (failed.kind === 'usage') return 'give_up'
    return decision !== 'move_on' ? decision : counts.attempt < counts.maxAttempts ? 'retry' : 'give_up'
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

function sparedWith({ spared = 0 }: Progress, failed: Failure): number {
  return spared + (failed.spared ? 1 : 0)
}

function noFurther(failed: Failure, why: string): Failure {
  return { ...failed, message: `${failed.message} No further attempt: ${why}.` }
}
