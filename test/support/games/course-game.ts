import type { CommitId } from '../../../src/domain/brand.js'
import { commitId, taskId } from '../brands.js'
import { aftermathOf } from '../../../src/domain/attempt/aftermath.js'
import { afterOutcome, type Outcome } from '../../../src/domain/attempt/outcome.js'
import { newCourse, type Begun, type Course, type Turn } from '../../../src/domain/attempt/course.js'
import { nextStep, type Step } from '../../../src/domain/attempt/step.js'
import type { End } from '../../../src/domain/attempt/end.js'
import { failure, type FailureKind } from '../../../src/domain/agent/failure.js'
import type { RunEvent, RunRecord } from '../../../src/domain/run/event.js'
import { reconcile, type ResumeFacts } from '../../../src/domain/run/reconcile.js'
import { replay } from '../../../src/domain/run/run-state.js'
import { inheritedBy, isInterruption, untried, type TaskProgress } from '../../../src/domain/run/task-progress.js'
import { startOf } from '../../../src/orchestration/attempt/turn-start.js'
import { runStarted, stamp } from '../rigs/records.js'

/** The facts of a game's world, the same whenever they are asked for and whoever is interrupted on the way. */
export interface World {
  /** How the n-th agent ends, and the last for all after it; without a kind, well. */
  readonly agents: readonly (FailureKind | undefined)[]
  /** Who says what about the n-th commit; nothing about later ones. */
  readonly verdicts: readonly Verdict[]
  /** The number of available slots. */
  readonly slots: number
}

export interface Verdict {
  readonly by: 'judge' | 'review' | 'land' | 'nobody' | 'nothing_changed' | 'refused'
  readonly kind: FailureKind
  /** Which failures of gates are the base's fault, and how that continues. */
  readonly base: 'own' | 'repair' | 'judge_again' | 'over'
}

/** How a task ended. */
export type Played = 'done' | 'failed' | 'held' | 'left'

const of = { taskId: taskId('T1') }
const agent = { provider: 'claude' }
const slot = 's1'
const text = '1-text'
const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 0 }
const maxAttempts = 3

/** One task, played by the course itself, with a journal; no agent, no git, no clock. */
export class CourseGame {
  readonly records: RunRecord[]
  readonly steps: Step['type'][] = []
  landed = 0
  ended: Played | undefined
  course: Course = newCourse(1)
  readonly #world: World
  /** Turns that came to their end. */
  agents = 0
  #commits = 0
  #isCanceled = false
  #slots = 0
  #weighed = 0
  readonly #refs = new Map<number, CommitId>()

  constructor(world: World, records: readonly RunRecord[] = []) {
    this.#world = world
    this.records = [...records]
    if (records.length === 0) this.#record(runStarted({ tasks: [{ id: taskId('T1'), title: 'T1', state: 'pending' }] }))
  }

  get progress(): TaskProgress {
    return replay(this.records)?.progress.get(taskId('T1')) ?? untried
  }

  /** Attempts that were counted as failed, in order, by the journal. */
  get spent(): readonly number[] {
    const failed = this.records.filter((record) => record.type === 'attempt_failed')
    const counts = failed.filter((one) => one.counted !== false && !isInterruption(one.failure))
    return counts.map(({ attempt }) => attempt)
  }

  /** One step; what follows from an end is part of it. */
  play(): void {
    if (this.ended) return
    const step = nextStep(this.course, {
      repairRounds: 2,
      isCanceled: this.#isCanceled,
      isSpent: false,
      canResume: this.#canResume,
    })
    this.steps.push(step.type)
    if (step.type === 'end') this.#end(step.end)
    else if (this.#isCutOff(step.type)) this.course = afterOutcome(this.course, { type: 'withdrawn' })
    else this.course = afterOutcome(this.course, this.#make(step))
  }

  /** Somebody cancels the task on its own. */
  cancel(): void {
    this.#isCanceled = true
  }

  /** The last turn has left nothing that could land. */
  get hasChangedNothing(): boolean {
    return this.#verdict.by === 'nothing_changed'
  }

  /** The candidates on refs. */
  get kept(): readonly CommitId[] {
    return [...this.#refs.values()]
  }

  /** As the driver does it: an agent still ends, and what it has made is collected. */
  #isCutOff(step: Step['type']): boolean {
    return this.#isCanceled && step !== 'begin' && step !== 'work' && step !== 'collect'
  }

  finish(): void {
    for (let left = 400; !this.ended; left--) {
      if (left === 0) throw new Error(`no end: ${this.steps.slice(-40).join(' ')}`)
      this.play()
    }
  }

  /** Autopilot dies, and the run is resumed: all of its state is folded from its journal, whatever that has. */
  resume(kept = this.records.length): void {
    this.records.length = Math.max(1, kept)
    this.#isCanceled = false
    const state = replay(this.records)!
    // Git is asked first: landed work is done.
    const planned = [
      { id: taskId('T1'), title: 'T1', state: this.landed > 0 ? ('done' as const) : ('pending' as const) },
    ]
    const how = reconcile(state, planned, this.#facts).get(taskId('T1')) ?? { type: 'landed' }
    const settings = { version: '1', permissions: 'edit', maxAttempts, slots: [slot] } as const
    const failed = how.type === 'failed' ? [taskId('T1')] : []
    this.#record({ type: 'run_resumed', ...settings, tasks: planned, failed, retried: [] })
    this.ended = how.type === 'landed' ? 'done' : how.type === 'failed' ? 'failed' : undefined
    if (how.type === 'start') this.course = newCourse(how.attempt)
    if (how.type !== 'continue') return
    this.course = how.course
    if (how.course.state.type !== 'queued')
      this.#record({ type: 'attempt_resumed', ...this.#of, agent, workspace: how.course.workspace })
  }

  readonly #facts: ResumeFacts = {
    landed: () =>
      this.landed > 0 ? [{ attempt: this.course.attempt, commit: commitId('l'), previous: commitId('p'), text }] : [],
    text: () => text,
    candidate: (_, attempt) => this.#refs.get(attempt),
    lastRef: () => Math.max(0, ...this.#refs.keys()),
    stands: () => true,
    canContinue: ({ sessionId }) => sessionId !== undefined,
    maxAttemptsOf: () => maxAttempts,
    maxTotalAttempts: 20,
    retryFailed: false,
  }

  get #canResume(): boolean {
    return 'agent' in this.course && this.course.sessionId !== undefined
  }

  get #of() {
    return { ...of, attempt: this.course.attempt }
  }

  #record(event: RunEvent): void {
    this.records.push(stamp(event, this.records.length, this.records.length + 1))
  }

  #make(step: Exclude<Step, { type: 'end' }>): Outcome {
    switch (step.type) {
      case 'begin':
        return this.#begin(step.turn)
      case 'work':
        return this.#work()
      case 'collect':
        return this.#collect(step.failure !== undefined, step)
      case 'judge':
      case 'review':
      case 'land':
        return this.#judge(step.type)
      case 'weigh':
        return { type: 'weighed', decision: this.#weigh(step.repair === 'possible') }
      case 'bring_together':
        return { type: 'brought_together' }
    }
  }

  #begin(turn: Turn): Outcome {
    if (this.#isCanceled) return { type: 'no_slot', why: { reason: 'aborted', message: 'Canceled.' } }
    if (this.#slots++ >= this.#world.slots) return { type: 'no_slot', why: { reason: 'unservable', message: 'No.' } }
    const lost = this.course.state.type === 'queued' && this.course.state.lost
    const before = turn.type === 'begin' ? this.progress.inherited : undefined
    const inherited = inheritedBy(agent, before, commitId('b'))
    const from = before ? { goesOnFrom: before.attempt } : {}
    const stays = turn.type === 'take_up' || (turn.type === 'repair' && turn.asLeft)
    const known = stays && 'agent' in this.course ? this.course.base : undefined
    const tip = turn.type === 'repair' ? `b${this.#commits}` : 'b'
    const base = turn.type === 'finish' ? {} : { base: known ?? commitId(tip) }
    const workspace = turn.type === 'begin' || turn.type === 'take_up' ? { workspace: '/w' } : {}
    const told = turn.type === 'begin' ? { text } : {}
    const resumes = !lost && (turn.type === 'begin' ? false : this.#canResume)
    const began = { agent, ...base, ...workspace, ...told }
    if (!lost || turn.type !== 'begin') this.#record(startOf(turn, { ...this.#of, slot, ...began, ...from }))
    // Its CLI names its conversation at once.
    this.#record({ type: 'agent_reported', ...this.#of, event: { type: 'session', sessionId: `c${this.agents + 1}` } })
    return { type: 'turn_began', turn, resumes, ...began, inherited }
  }

  #work(): Outcome {
    const { agents } = this.#world
    const told = agents[Math.min(this.agents++, agents.length - 1)]
    const kind = this.#isCanceled ? 'canceled' : told
    const sessionId = `c${this.agents}`
    const used = { total: { ...usage, inputTokens: this.agents } }
    const why = kind === undefined ? {} : { failure: failure(kind, 'So it ended.') }
    this.#record({ type: 'agent_finished', ...this.#of, usage, after: used, text: '', ...why })
    return { type: 'agent_ended', sessionId, used, ...why }
  }

  #collect(hasFailed: boolean, { failure: why }: { readonly failure?: ReturnType<typeof failure> }): Outcome {
    const commit = commitId(`commit-${++this.#commits}`)
    if (this.#verdict.by === 'nothing_changed' && !hasFailed) return { type: 'nothing_to_land', how: 'unchanged' }
    if (this.#verdict.by === 'refused' && !hasFailed) return { type: 'refused', failure: failure('refused', 'No.') }
    this.#refs.set(this.course.attempt, commit)
    this.#record({ type: 'candidate_created', ...this.#of, commit, ref: 'refs/r', leftOut: [] })
    return { type: 'collected', commit, ...(why ? { failure: why } : {}) }
  }

  get #verdict(): Verdict {
    return this.#world.verdicts[this.#commits - 1] ?? { by: 'nobody', kind: 'gate_failed', base: 'own' }
  }

  #judge(by: 'judge' | 'review' | 'land'): Outcome {
    const verdict = this.#verdict
    if (verdict.by === by) return { type: 'kept_out', failure: failure(verdict.kind, `${by} says no.`) }
    if (by !== 'land') return { type: 'passed' }
    this.landed++
    this.#record({ type: 'task_integrated', ...this.#of, commit: commitId('l'), previous: commitId('p') })
    return { type: 'passed' }
  }

  /** A base that is judged again and again is a different one in the end. */
  #weigh(isPossible: boolean): Verdict['base'] {
    const { base } = this.#verdict
    if (base === 'repair') return isPossible ? 'repair' : 'over'
    return base === 'judge_again' && ++this.#weighed % 3 === 0 ? 'own' : base
  }

  #end(end: End): void {
    if (end.type === 'no_slot') this.ended = 'held'
    if (end.type === 'done') {
      this.#record({ type: 'task_done', ...this.#of, how: end.how })
      this.ended = 'done'
    }
    if (end.type === 'failed') this.#fail(this.course as Begun, end.failure)
  }

  #fail({ attempt }: Begun, why: ReturnType<typeof failure>): void {
    const { used, spared } = this.progress
    const counts = { attempt: used + 1, maxAttempts, isOut: false, sparedBefore: spared }
    const follows = aftermathOf(why, {
      ...{ counts, isCommand: false, isCanceled: false, isWithdrawn: this.#isCanceled, isStopping: false },
      spent: () => (attempt >= 12 ? 'enough' : undefined),
      unservable: () => undefined,
    })
    const counted = !('counted' in follows) || follows.counted
    const willRetry = follows.type === 'again'
    const uncounted = counted ? {} : { counted }
    this.#record({ type: 'attempt_failed', ...this.#of, failure: why, willRetry, ...uncounted })
    if (willRetry) this.course = newCourse(attempt + 1)
    else this.ended = follows.type === 'failed' ? 'failed' : follows.type === 'canceled' ? 'held' : 'left'
    if (follows.type === 'failed') this.#record({ type: 'task_failed', ...of, attempts: attempt, failure: why })
  }
}
