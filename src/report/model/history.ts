import { formatProviderModel } from '../../domain/agent/provider-model.js'
import type { EpochMs, TaskId } from '../../domain/brand.js'
import { msBetween } from '../../domain/clock.js'
import { isControl, isTold, passOver, type RecordOf, type RunRecord } from '../../domain/run/event.js'
import type { RunState } from '../../domain/run/run-state.js'
import { cleanLine } from '../../domain/text.js'
import { idleCauses, reportStates, type IdleCause, type ReportState, type SlotWork } from '../form.js'
import { CheckSpans } from './check-spans.js'
import { SampleLog } from './sample-log.js'
import { SpanLog } from './span-log.js'
import { TaskHistories } from './task-history.js'

/**
 * What a report tells and the state of a run doesn't keep: what happened when. It follows the records of a run, from the
 * first one on, each with the state that it has led to. The same records always give the same history.
 */
export class RunHistory {
  readonly spans = new SpanLog()
  readonly samples = new SampleLog()
  readonly tasks = new TaskHistories()
  /** Whether anything has happened since somebody last looked, and which tasks it happened to. */
  hasNews = false
  readonly changedTasks = new Set<TaskId>()
  readonly parts: { readonly at: EpochMs; readonly ms: number }[] = []
  readonly counts = countsOf(reportStates)
  readonly idleMs = countsOf(idleCauses)
  readonly warnings: string[] = []
  startedAt: EpochMs | undefined
  lastAt: EpochMs | undefined
  /** Monotonic ms of the last record. */
  ms = 0
  readonly #states = new Map<TaskId, ReportState>()
  /** The spans of agents whose last word has not been read, by what they work on. */
  readonly #unread = new Map<string, number>()
  readonly #coolDowns = new Map<string, number>()
  readonly #checks = new CheckSpans(this.spans)
  #slots = 0
  #cause: IdleCause = 'nothing_left'

  /** `state` has taken the record in. */
  record(record: RunRecord, state: RunState): void {
    this.hasNews = true
    this.idleMs[this.#cause] += Math.max(0, record.ms - this.ms) * Math.max(0, this.#slots - this.spans.busySlots)
    this.startedAt ??= record.at
    this.#span(record)
    this.tasks.record(record)
    this.ms = record.ms
    this.lastAt = record.at
    this.#count(record, state)
    // Those that have gone are still known for what they did.
    this.#slots = state.start.slots.length
    const cause = causeOf(state, this.counts, record.at)
    const isNews = cause !== this.#cause || sampled.has(record.type)
    this.#cause = cause
    if (record.type === 'notice' && record.level === 'warning') this.#warn(record.text)
    if (isNews) this.#sample(state)
  }

  #span(record: RunRecord): void {
    if (isTold(record) || isControl(record)) return
    const { spans } = this
    switch (record.type) {
      case 'run_started':
      case 'run_resumed':
        // What was at work ended with the last record before.
        spans.endAll(this.ms)
        this.#checks.forget()
        this.parts.push({ at: record.at, ms: record.ms })
        return
      case 'run_finished':
        spans.endAll(record.ms)
        return
      case 'attempt_started':
      case 'review_started':
        this.#begin(record, record.slot)
        return
      case 'repair_started':
      case 'finishing_started':
        spans.end(landingOf(record.taskId), record.ms, 'failed')
        this.#begin(record, record.slot)
        return
      case 'attempt_resumed':
        if (record.slot === undefined) this.#land(record)
        else this.#begin(record, record.slot)
        return
      case 'agent_exited':
        this.#exited(record)
        return
      case 'agent_finished':
        this.#read(record)
        return
      case 'task_queued':
      case 'attempt_failed':
        spans.end(landingOf(record.taskId), record.ms, 'failed')
        return
      case 'task_integrated':
      case 'task_done':
        spans.end(landingOf(record.taskId), record.ms, 'ok')
        return
      case 'setup_started':
      case 'setup_ended':
      case 'gate_started':
      case 'gate_ended':
      case 'gate_judged':
      case 'base_judged':
        this.#checks.record(record)
        return
      case 'provider_cooled_down':
        this.#coolDown(record)
        return
      case 'run_waiting':
        spans.begin('wait', { kind: 'wait', from: record.ms })
        return
      case 'run_stopping':
        spans.end('wait', record.ms, undefined)
        return
      case 'queue_updated':
        if (record.busyAgents > 0) spans.end('wait', record.ms, undefined)
        return
      case 'agent_reported':
      case 'agent_spawned':
      case 'agent_used':
      case 'base_awaited':
      case 'candidate_created':
      case 'command_spawned':
      case 'commit_kept':
      case 'gates_began':
      case 'ignored_written':
      case 'leftovers_ended':
      case 'model_stopped':
      case 'provider_detected':
      case 'provider_stopped':
      case 'review_queued':
      case 'roadmap_not_written':
      case 'roadmap_written':
      case 'run_canceling':
      case 'task_canceled':
      case 'task_failed':
      case 'task_held':
      case 'workspace_kept':
        return
      default:
        passOver(record)
    }
  }

  #begin(record: RecordOf<keyof typeof slotWorkOf>, slot: string): void {
    const { taskId, attempt, ms: from } = record
    const agent = cleanLine(formatProviderModel(record.agent), 80)
    this.spans.occupy(slot, { kind: slotWorkOf[record.type], from, taskId, attempt, agent })
  }

  #land({ taskId, attempt, ms: from }: RecordOf<'agent_exited' | 'attempt_resumed'>): void {
    this.spans.begin(landingOf(taskId), { kind: 'landing', from, taskId, attempt })
  }

  #exited(record: RecordOf<'agent_exited'>): void {
    const { taskId, slot, exit, ms, review } = record
    const index = this.spans.release(slot, ms, exit.type === 'code' && exit.code === 0 ? 'ok' : 'failed')
    if (index !== undefined) {
      this.#unread.set(agentOf(record), index)
      this.tasks.of(taskId).workMs += ms - (this.spans.all[index]?.from ?? ms)
    }
    if (review === undefined) this.#land(record)
  }

  /** Its last word says how it went, whatever its exit status. */
  #read(record: RecordOf<'agent_finished'>): void {
    const index = this.#unread.get(agentOf(record))
    this.#unread.delete(agentOf(record))
    if (index !== undefined) this.spans.change(index, { end: record.failure ? 'failed' : 'ok' })
  }

  #coolDown({ provider, until, at, ms }: RecordOf<'provider_cooled_down'>): void {
    const earlier = this.#coolDowns.get(provider)
    if (earlier !== undefined && (this.spans.all[earlier]?.to ?? 0) > ms) this.spans.change(earlier, { to: ms })
    const to = ms + Math.max(0, msBetween(at, until))
    this.#coolDowns.set(provider, this.spans.add({ kind: 'cool_down', provider, from: ms, to }))
  }

  #count(record: RunRecord, state: RunState): void {
    if (record.type === 'run_started' || record.type === 'run_resumed') {
      this.#states.clear()
      for (const key of reportStates) this.counts[key] = 0
      for (const id of state.tasks.keys()) this.#recount(id, state)
    } else if ('taskId' in record) this.#recount(record.taskId, state)
  }

  #recount(id: TaskId, state: RunState): void {
    const now = state.tasks.get(id)?.state.type
    const before = this.#states.get(id)
    this.changedTasks.add(id)
    if (now === undefined || now === before) return
    if (before !== undefined) this.counts[before]--
    this.counts[now]++
    this.#states.set(id, now)
  }

  #sample({ counts }: RunState): void {
    const { queueLength: waiting, busyAgents: busy, availableAgents: idle } = counts
    this.samples.add({ ms: this.ms, waiting, busy, idle, done: this.counts.done, cause: this.#cause })
  }

  #warn(text: string): void {
    const warning = cleanLine(text, 500)
    if (this.warnings.length < maxWarnings && !this.warnings.includes(warning)) this.warnings.push(warning)
  }
}

const maxWarnings = 50

const sampled: ReadonlySet<RunRecord['type']> = new Set([
  ...(['run_started', 'run_resumed', 'queue_updated', 'task_done', 'run_finished'] as const),
])

const slotWorkOf = {
  attempt_started: 'attempt',
  attempt_resumed: 'attempt',
  repair_started: 'repair',
  finishing_started: 'finish',
  review_started: 'review',
} as const satisfies Partial<Readonly<Record<RunRecord['type'], SlotWork>>>

function landingOf(taskId: TaskId): string {
  return `landing ${taskId}`
}

function agentOf({ taskId, attempt, review }: RecordOf<'agent_exited' | 'agent_finished'>): string {
  return JSON.stringify([taskId, attempt, review])
}

/** Why a slot is idle from now on. */
function causeOf(state: RunState, counts: Readonly<Record<ReportState, number>>, now: EpochMs): IdleCause {
  if (state.finished || state.stopping || state.canceling !== undefined) return 'stopping'
  if (state.paused) return 'paused'
  if (state.counts.queueLength > 0 || counts.queued > 0) return isLimited(state, now) ? 'limit' : 'preparing'
  return counts.pending > 0 ? 'dependencies' : 'nothing_left'
}

function isLimited({ waiting, providers }: RunState, now: EpochMs): boolean {
  return waiting !== undefined || [...providers.values()].some(({ coolDownUntil = now }) => coolDownUntil > now)
}

function countsOf<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>
}
