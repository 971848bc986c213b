import type { CommitId, TaskId } from '../../../src/domain/brand.js'
import { commitId, taskId } from '../brands.js'
import type { AttemptId } from '../../../src/domain/attempt/attempt.js'
import type { RunEvent, RunRecord } from '../../../src/domain/run/event.js'
import { failure } from '../../../src/domain/agent/failure.js'
import { judgeLanded } from '../../../src/domain/roadmap/landed.js'
import { isPaid, isReworded, reconcile, type Resumption, type ResumeFacts } from '../../../src/domain/run/reconcile.js'
import { replay } from '../../../src/domain/run/run-state.js'
import { runStarted, stamp } from '../rigs/records.js'

/**
 * One thing that may happen next: a step of a task, the death of autopilot, its being stopped, a person who gives a task
 * another text, or one who deletes the target; or there is a fresh clone, with the journal of before.
 */
export interface Move {
  readonly task: number
  readonly what: 'step' | 'kill' | 'stop' | 'reword' | 'reset' | 'clone'
  /** The task's text from now on. */
  readonly text?: string
  /** Of the records that nobody had waited for, how many reached the journal before the death. */
  readonly flushed: number
  /** Whether the agent names its conversation. */
  readonly speaks: boolean
}

/** A machine on which a run is killed and stopped again and again: what is on it outlives autopilot. */
export class CrashGame {
  readonly ids: readonly TaskId[]
  /** The attempts whose work is on the target, in order. */
  readonly landed: Landed[] = []
  /** What each agent had really been told whose work has landed, even on a target that is gone. */
  readonly arrived: { readonly task: TaskId; readonly text: string; readonly told: string }[] = []
  /** Agents that ended well: what was paid for in full. */
  readonly paid: TaskId[] = []
  /** What the file says. */
  readonly wanted = new Map<TaskId, string>()
  /** How often a task's text was changed, or landed work was lost. */
  readonly changes = new Map<TaskId, number>()
  /** How often an agent started, with or without an earlier conversation. */
  agents = 0
  readonly #refs = new Map<string, CommitId>()
  readonly #workspaces = new Set<string>()
  #records: RunRecord[] = []
  /** So many records are on disk for sure. */
  #durable = 0
  #tasks = new Map<TaskId, Generator<void, void, Move>>()
  #commits = 0
  /** What the file said when the run began or was resumed. */
  #loaded = new Map<TaskId, string>()
  /** What the agent of a conversation has really been told. */
  readonly #told = new Map<string, string>()

  constructor(tasks: number) {
    this.ids = Array.from({ length: tasks }, (_, index) => taskId(`T${index + 1}`))
    for (const id of this.ids) this.wanted.set(id, textNamed('x'))
    this.#loaded = new Map(this.wanted)
    this.#record(runStarted({ tasks: this.#planned() }))
    this.#sync()
    for (const id of this.ids) this.#tasks.set(id, this.#attempt(id, { type: 'start', attempt: 1, retried: false }))
  }

  get records(): readonly RunRecord[] {
    return this.#records
  }

  play(move: Move): void {
    if (move.what === 'kill') this.#die(move.flushed)
    else if (move.what === 'stop') this.#stop()
    else if (move.what === 'reword') this.#reword(this.ids[move.task % this.ids.length]!, textNamed(move.text ?? 'x'))
    else if (move.what === 'reset' || move.what === 'clone') this.#lose(move)
    else this.#tasks.get(this.ids[move.task % this.ids.length]!)?.next(move)
  }

  #reword(id: TaskId, text: string): void {
    if (this.wanted.get(id) !== text) this.#count(id)
    this.wanted.set(id, text)
  }

  #count(id: TaskId): void {
    this.changes.set(id, (this.changes.get(id) ?? 0) + 1)
  }

  /** A clone has neither refs nor workspaces. */
  #lose({ what, flushed }: Move): void {
    for (const id of this.ids) this.#count(id)
    this.landed.length = 0
    if (what === 'clone') this.#refs.clear()
    if (what === 'clone') this.#workspaces.clear()
    this.#die(flushed)
  }

  /** Lets everything come to its end. */
  finish(): void {
    this.#die(this.#records.length)
    const move: Move = { task: 0, what: 'step', flushed: 0, speaks: true }
    for (const task of this.#tasks.values()) while (!task.next(move).done);
  }

  #planned() {
    return this.ids.map((id) => ({ id, title: id, state: 'pending' as const }))
  }

  #record(event: RunEvent): void {
    this.#records.push(stamp(event, this.#records.length, this.#records.length + 1))
  }

  #sync(): void {
    this.#durable = this.#records.length
  }

  /** Killed: what was not yet written is gone, and nobody ends anything. */
  #die(flushed: number): void {
    this.#records = this.#records.slice(0, this.#durable + flushed)
    this.#resume()
  }

  /** Stopped in good order: what agents have done is collected, and workspaces are removed. */
  #stop(): void {
    const canceled = failure('canceled', 'The attempt was canceled.')
    const state = replay(this.#records)!
    for (const [taskId, { course }] of state.progress) {
      if (!course || !this.#workspaces.has(keyOf(taskId, course.attempt))) continue
      const of = { taskId, attempt: course.attempt }
      if (course.state.type === 'working')
        this.#record({ type: 'agent_finished', ...of, usage: nothing, text: '', failure: canceled })
      this.#collect(of)
      this.#record({ type: 'attempt_failed', ...of, failure: canceled, willRetry: false })
      this.#record({ type: 'task_canceled', taskId })
    }
    this.#workspaces.clear()
    this.#record({ type: 'run_finished', exitCode: 130, why: 'interrupted' })
    this.#sync()
    this.#resume()
  }

  #resume(): void {
    const state = replay(this.#records)!
    this.#loaded = new Map(this.wanted)
    const planned = this.#planned().map((task) => {
      const commits = this.landed.filter((one) => one.task === task.id).reverse()
      const isDone = judgeLanded(commits, this.#loaded.get(task.id)!).type === 'same'
      return isDone ? { ...task, state: 'done' as const } : task
    })
    const resumptions = reconcile(state, planned, this.#facts())
    const settings = { version: '1', permissions: 'edit', maxAttempts: 3, slots: ['s1'], failed: [] } as const
    const retried = [...resumptions].flatMap(([id, how]) => (how.type === 'start' && how.retried ? [id] : []))
    this.#record({ type: 'run_resumed', ...settings, tasks: planned, retried })
    this.#sync()
    this.#tasks = new Map()
    for (const [id, resumption] of resumptions) this.#tasks.set(id, this.#attempt(id, resumption))
  }

  #facts(): ResumeFacts {
    const attemptsOf = (id: TaskId) => [...this.#refs.keys()].flatMap((key) => (key.startsWith(`${id}/`) ? [key] : []))
    return {
      landed: (id) =>
        this.landed.filter(({ task }) => task === id).map((one) => ({ ...one, previous: commitId('before') })),
      text: (id) => this.#loaded.get(id),
      candidate: (id, attempt) => this.#refs.get(keyOf(id, attempt)),
      lastRef: (id) => Math.max(0, ...attemptsOf(id).map((key) => Number(key.split('/')[1]))),
      stands: (id, attempt) => this.#workspaces.has(keyOf(id, attempt)),
      canContinue: ({ sessionId }) => sessionId !== undefined,
      maxAttemptsOf: () => 3,
      maxTotalAttempts: 10,
      retryFailed: false,
    }
  }

  /** A task's way from a resumption to its end; death may come wherever it yields. */
  *#attempt(taskId: TaskId, how: Resumption): Generator<void, void, Move> {
    let move = yield
    if (how.type === 'failed') throw new Error('nothing fails in this game')
    if (how.type === 'landed') {
      const { attempt, commit, previous } = how
      this.#record({ type: 'task_integrated', taskId, attempt, commit, previous })
      this.#record({ type: 'task_done', taskId, attempt, how: 'integrated' })
      return
    }
    const attempt = how.type === 'start' ? how.attempt : how.course.attempt
    const of = { taskId, attempt }
    const key = keyOf(taskId, attempt)
    const agent = { provider: 'claude' }
    const text = this.#loaded.get(taskId)!
    const continues = how.type !== 'start' && !isPaid(how)
    const isTold = how.type === 'start' || isReworded(how)
    if (how.type === 'start') {
      this.#record({ type: 'task_queued', ...of })
      yield
      this.#record({
        type: 'attempt_started',
        ...of,
        slot: 's1',
        agent,
        workspace: `/w/${key}`,
        base: commitId('b'),
        text,
      })
      this.#workspaces.add(key)
      this.#sync()
    } else {
      const slot = continues ? { slot: 's1' } : {}
      const told = isTold ? { text } : {}
      this.#record({ type: 'attempt_resumed', ...of, ...slot, agent, workspace: `/w/${key}`, ...told })
      if (continues) this.#workspaces.add(key)
      this.#sync()
    }
    if (how.type === 'start' || continues) {
      this.agents++
      move = yield
      if (isTold) this.#told.set(key, text)
      if (move.speaks) this.#record({ type: 'agent_reported', ...of, event: { type: 'session', sessionId: key } })
      yield
      const exit = { type: 'code', code: 0 } as const
      this.#record({ type: 'agent_exited', ...of, slot: 's1', exit, durationMs: 1 })
      yield
      this.#record({ type: 'agent_finished', ...of, usage: nothing, text: '', sessionId: key })
      // Only what is in the journal can be kept from being paid for again.
      this.#sync()
      this.paid.push(taskId)
      yield
    }
    if (!(how.type !== 'start' && how.course.state.type === 'judging')) this.#collect(of)
    yield
    const commit = this.#refs.get(key)!
    this.landed.push({ task: taskId, attempt, commit, text })
    this.arrived.push({ task: taskId, text, told: this.#told.get(key)! })
    yield
    this.#record({ type: 'task_integrated', ...of, commit, previous: commitId('before') })
    this.#sync()
    this.#workspaces.delete(key)
    yield
    this.#record({ type: 'task_done', ...of, how: 'integrated' })
  }

  #collect(of: AttemptId): void {
    const key = keyOf(of.taskId, of.attempt)
    const commit = commitId(`c${++this.#commits}`)
    this.#refs.set(key, commit)
    this.#record({ type: 'candidate_created', ...of, commit, ref: `refs/${key}`, leftOut: [] })
  }
}

interface Landed {
  readonly task: TaskId
  readonly attempt: number
  readonly commit: CommitId
  readonly text: string
}

/** A digest, as a task's words have one. */
function textNamed(name: string): string {
  return `1-${name}`
}

const nothing = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 }

function keyOf(taskId: TaskId, attempt: number): string {
  return `${taskId}/${attempt}`
}
