import type { CommitId, EpochMs, RefName, TaskId } from '../brand.js'
import { noUsage, tokensOf } from '../agent/agent-event.js'
import { followChecks, noChecks, type ChecksAtWork } from './checks-at-work.js'
import type { EarlyStop } from './early-stop.js'
import {
  isControl,
  isTold,
  passOver,
  type Control,
  type QueueCounts,
  type RecordOf,
  type RunEvent,
  type RunRecord,
  type Told,
} from './event.js'
import type { ExitCode } from './exit-code.js'
import type { Failure } from '../agent/failure.js'
import type { ProviderModel } from '../agent/provider-model.js'
import { present } from '../present.js'
import { agentKey, countAgent, learnRate, type RunUsage } from './run-usage.js'
import { endWork, noteAction, startWork, unusedSlot, type StartOfWork } from './slot-state.js'
import { followProgress, type Attempts } from './task-progress.js'
import {
  forgetApprovals,
  markRefusalsRepaired,
  noteApproval,
  noteIgnored,
  noteLeftovers,
  noteRefusal,
  withoutNotes,
} from './task-notes.js'
import { plannedRecord, withState, type TaskRecord, type TaskState } from './task-record.js'
import { recount, tallyOf, type TaskTally } from './task-tally.js'
import { takeInControl, type ControlState } from './control-state.js'
import type { PlannedTask } from '../roadmap/plan.js'

export type { SlotState } from './slot-state.js'
export type { TaskRecord, TaskState } from './task-record.js'

export interface ProviderState {
  readonly usable: boolean
  readonly version?: string
  /** The CLI's own name for the run's permissions. */
  readonly permissions?: string
  /** It gets no work until then; the time may be over. */
  readonly coolDownUntil?: EpochMs
  /** Why it is out for the rest of the run. */
  readonly stopped?: Failure
  /** Models that are out for the rest of the run, and why. A missing name means the CLI's own default. */
  readonly stoppedModels?: readonly { readonly model?: string; readonly failure: Failure }[]
}

/** A commit that did not land, and where it is. */
export interface KeptCommit {
  readonly taskId: TaskId
  readonly attempt: number
  readonly ref: RefName
  readonly commit: CommitId
  /** What it is to be compared with. */
  readonly base?: CommitId
  readonly why: string
}

/**
 * The state of a run. Only {@link apply} changes it, in place: copying 20,000 tasks for each event would cost more
 * than the work itself. The same records always give the same state.
 */
export interface RunState extends Attempts, ChecksAtWork, RunUsage, ControlState {
  /** Monotonic ms of the last record. */
  ms: number
  counts: QueueCounts
  tally: TaskTally
  /** How often the run was resumed. */
  resumes: number
  /** How many tasks were held during the run for their own reason, not because of a dependency. */
  heldInRun: number
  /** How many verdicts of each kind there were, and how many in all were remembered. */
  readonly gates: { passed: number; failed: number; errored: number; remembered: number }
  /** Gates that failed and then passed on the same tree, and how often. */
  readonly flaky: Map<string, number>
  /** What setup failed with in workspaces, and how often. */
  readonly setupFailures: Map<string, number>
  /** The last verdict on the base, until work has landed on it. */
  base?: Pick<Extract<RunEvent, { type: 'base_judged' }>, 'commit' | 'verdict' | 'gates'>
  readonly providers: Map<string, ProviderState>
  readonly kept: KeptCommit[]
  /** Tasks that are done, but not yet in the roadmap. */
  readonly unwritten: { readonly taskId: TaskId; readonly why: string; readonly help?: string }[]
  readonly keptWorkspaces: { readonly path: string; readonly why: string; readonly collectsAgain?: true }[]
  /** Nothing can start until then. `at` is when the event was recorded, `ms` the same in the run's time. */
  waiting?: {
    readonly until: EpochMs
    readonly providers: readonly string[]
    readonly at: EpochMs
    readonly ms: number
  }
  canceling?: string
  /** It works on these alone. */
  only?: ReadonlySet<TaskId>
  /** Why nothing starts any more. */
  stopping?: EarlyStop
  finished?: { readonly exitCode: ExitCode; readonly why: string }
}

function countOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** The state after `run_started`, which is always the first event. */
export function initialState(start: RunState['start']): RunState {
  const tasks = new Map(start.tasks.map((task) => [task.id, plannedRecord(task)]))
  return {
    ...noChecks(),
    start,
    ms: 0,
    counts: { queueLength: 0, busyAgents: 0, availableAgents: start.slots.length },
    tasks,
    tally: tallyOf(tasks.values()),
    progress: new Map(),
    uncollected: new Map(),
    resumes: 0,
    heldInRun: 0,
    slots: new Map(start.slots.map((id) => [id, unusedSlot(id)])),
    usage: noUsage,
    spending: new Map(),
    rates: new Map(),
    atWork: new Map(),
    gates: { passed: 0, failed: 0, errored: 0, remembered: 0 },
    flaky: new Map(),
    setupFailures: new Map(),
    providers: new Map(),
    kept: [],
    unwritten: [],
    keptWorkspaces: [],
  }
}

/** The names of the providers that may still get work, in the order of detection. */
export function usableProviders({ providers }: RunState): readonly string[] {
  return [...providers].flatMap(([name, { usable, stopped }]) => (usable && !stopped ? [name] : []))
}

/** Why the requested provider or model is out for the run, if it is; the first of several reasons. */
export function whyUnavailable({ providers }: RunState, asked: Partial<ProviderModel>): Failure | undefined {
  const named = [...providers].filter(([name]) => name === (asked.provider ?? name))
  const provider = named.find(([, { stopped }]) => stopped)?.[1].stopped
  if (provider) return provider
  const models = named.flatMap(([, { stoppedModels = [] }]) => stoppedModels)
  return (models.find(({ model }) => model === asked.model) ?? models[0])?.failure
}

/** Replays a whole journal. Undefined when it does not begin with `run_started`. */
export function replay(records: Iterable<RunRecord>): RunState | undefined {
  let state: RunState | undefined
  for (const record of records) state = replayNext(state, record)
  return state
}

/** One step of {@link replay}, for a journal that is read one record at a time. */
export function replayNext(earlier: RunState | undefined, record: RunRecord): RunState | undefined {
  const state = record.type === 'run_started' ? initialState(record) : earlier
  if (state) apply(state, record)
  return state
}

/** Applies one record to the state. */
export function apply(state: RunState, record: RunRecord): void {
  // Its work was kept when the run stopped, and landed after the resume.
  if (record.type === 'task_integrated') {
    const commit = state.progress.get(record.taskId)?.course?.collected
    forgetKept(state, (kept) => kept.taskId === record.taskId && kept.commit === commit)
  }
  // Running attempts ended with the last record before this one.
  if (record.type === 'run_resumed') beginAgain(state, record)
  state.ms = record.ms
  if (isTold(record)) return
  if (isControl(record)) {
    takeInControl(state, record)
    return
  }
  takeIn(state, record)
  followProgress(state, record)
}

function takeIn(state: RunState, record: Exclude<RunRecord, { type: Told | Control }>): void {
  switch (record.type) {
    case 'run_started':
    case 'run_resumed':
    case 'agent_spawned':
    case 'command_spawned':
    case 'roadmap_written':
    case 'base_awaited':
      return
    case 'provider_cooled_down':
      state.providers.set(record.provider, {
        usable: true,
        ...state.providers.get(record.provider),
        coolDownUntil: record.until,
      })
      return
    case 'run_waiting':
      state.waiting = { until: record.until, providers: record.providers, at: record.at, ms: record.ms }
      return
    case 'provider_detected': {
      const { provider, usable, version, permissions } = record
      state.providers.set(provider, {
        usable,
        ...(version === undefined ? {} : { version }),
        ...(permissions === undefined ? {} : { permissions }),
      })
      return
    }
    case 'provider_stopped':
      state.providers.set(record.provider, {
        usable: false,
        ...state.providers.get(record.provider),
        stopped: record.failure,
      })
      return
    case 'model_stopped': {
      const known = state.providers.get(record.provider) ?? { usable: true }
      const { model, failure } = record
      const out = { failure, ...(model === undefined ? {} : { model }) }
      state.providers.set(record.provider, { ...known, stoppedModels: [...(known.stoppedModels ?? []), out] })
      return
    }
    case 'task_queued':
      setTask(state, record.taskId, { type: 'queued', attempt: record.attempt })
      return
    case 'task_held':
      if (record.reason.type !== 'dependency') state.heldInRun++
      setTask(state, record.taskId, { type: 'held', reason: record.reason })
      return
    case 'queue_updated':
      state.counts = {
        queueLength: record.queueLength,
        busyAgents: record.busyAgents,
        availableAgents: record.availableAgents,
      }
      if (record.busyAgents > 0) delete state.waiting
      return
    case 'attempt_started':
      setTask(state, record.taskId, { type: 'running', attempt: record.attempt, slot: record.slot })
      beginAttempt(state, record.taskId)
      beginWork(state, record)
      return
    case 'repair_started':
    case 'finishing_started':
      markRefusalsRepaired(state.tasks, record)
      setTask(state, record.taskId, { type: 'running', attempt: record.attempt, slot: record.slot })
      beginWork(state, record)
      return
    case 'attempt_resumed': {
      const { slot, attempt } = record
      const next: TaskState = slot === undefined ? { type: 'merging', attempt } : { type: 'running', attempt, slot }
      setTask(state, record.taskId, next)
      if (slot !== undefined) beginWork(state, { ...record, slot })
      return
    }
    case 'candidate_created':
      // The ref has moved on and now leads to what was kept there before.
      forgetKept(state, ({ ref }) => ref === record.ref)
      forgetApprovals(state.tasks, record)
      return
    case 'gates_began':
    case 'review_queued':
      setTask(state, record.taskId, { type: 'verifying', attempt: record.attempt })
      return
    case 'review_started':
      setTask(state, record.taskId, { type: 'verifying', attempt: record.attempt, slot: record.slot })
      beginWork(state, record)
      return
    case 'agent_reported':
      noteAction(state.slots, slotOf(state, record.taskId), record)
      noteRefusal(state.tasks, record)
      return
    case 'agent_used':
      state.atWork.set(agentKey(record), record)
      return
    case 'agent_finished':
      state.atWork.delete(agentKey(record))
      countAgent(state, record)
      learnRate(state, record)
      return
    case 'leftovers_ended':
      noteLeftovers(state.tasks, record)
      return
    case 'ignored_written':
      noteIgnored(state.tasks, record)
      return
    case 'agent_exited':
      setTask(state, record.taskId, {
        type: record.review === undefined ? 'merging' : 'verifying',
        attempt: record.attempt,
      })
      finishWork(state, record)
      return
    case 'gate_started':
    case 'gate_ended':
    case 'setup_started':
    case 'setup_ended':
      followChecks(state, record)
      return
    case 'gate_judged':
      state.gates[record.verdict]++
      if (record.remembered) state.gates.remembered++
      if (record.by) setTask(state, record.taskId, { type: 'merging', attempt: record.attempt })
      noteApproval(state.tasks, record)
      if (record.flaky) countOne(state.flaky, record.gate)
      return
    case 'base_judged':
      state.base = { commit: record.commit, verdict: record.verdict, gates: record.gates }
      return
    case 'commit_kept': {
      const { taskId, attempt, ref, commit, base, why } = record
      // In a resumed run it may already exist.
      forgetKept(state, (kept) => kept.attempt === attempt && kept.ref === ref && kept.commit === commit)
      state.kept.push({ taskId, attempt, ref, commit, why, ...(base === undefined ? {} : { base }) })
      return
    }
    case 'attempt_failed':
      countFailed(state, record)
      if (record.failure.inSetup) countOne(state.setupFailures, record.failure.message)
      setTask(state, record.taskId, { type: 'pending' })
      return
    case 'task_integrated':
      setTask(state, record.taskId, { type: 'done', how: 'integrated', commit: record.commit })
      // What lands has passed the gates, and the target is now that commit.
      delete state.base
      return
    case 'task_done':
      if (record.how !== 'integrated') setTask(state, record.taskId, { type: 'done', how: record.how })
      return
    case 'task_failed':
      setTask(state, record.taskId, { type: 'failed', failure: record.failure, attempts: record.attempts })
      return
    case 'task_canceled':
      setTask(state, record.taskId, { type: 'canceled' })
      return
    case 'roadmap_not_written': {
      const { taskId, why, help } = record
      state.unwritten.push({ taskId, why, ...(help === undefined ? {} : { help }) })
      return
    }
    case 'workspace_kept':
      state.keptWorkspaces.push(
        record.collectsAgain
          ? { path: record.path, why: record.why, collectsAgain: true }
          : { path: record.path, why: record.why },
      )
      return
    case 'run_canceling':
      state.canceling = record.why
      return
    case 'run_stopping': {
      const { reason, why, next } = record
      state.stopping = { reason, why, next }
      delete state.waiting
      return
    }
    case 'run_finished':
      state.finished = { exitCode: record.exitCode, why: record.why }
      return
    default:
      passOver(record)
  }
}

/** The run continues: nothing is running; what is done or failed stays so. */
function beginAgain(state: RunState, record: RecordOf<'run_resumed'>): void {
  // If one of them can't be collected, a new event says so.
  const told = state.keptWorkspaces.filter(({ collectsAgain }) => !collectsAgain)
  state.keptWorkspaces.splice(0, state.keptWorkspaces.length, ...told)
  const { version, target, permissions, maxAttempts, slots, tasks } = record
  // What was kept before is compared with the commit that the run began from.
  const pinned = target && { ...target, base: state.start.target?.base ?? target.base }
  state.start = {
    ...state.start,
    budgets: record.budgets ?? { run: {}, providers: {} },
    version,
    permissions,
    maxAttempts,
    slots,
    tasks,
    ...present({ target: pinned, gates: record.gates }),
  }
  // They ended with the run, and no event says how.
  for (const agent of state.atWork.values()) countAgent(state, agent)
  state.atWork.clear()
  const failed = new Set(record.failed)
  for (const id of [...state.slots.keys()]) finishWork(state, { slot: id, ms: state.ms })
  const records = tasks.map((task) => resumedRecord(task, state.tasks.get(task.id), failed.has(task.id)))
  state.tasks.clear()
  for (const task of records) state.tasks.set(task.id, task)
  state.tally = tallyOf(records)
  state.gatesAtWork.clear()
  state.setupsAtWork.clear()
  const earlierSlots = new Map(state.slots)
  state.slots.clear()
  for (const id of slots) state.slots.set(id, earlierSlots.get(id) ?? unusedSlot(id))
  state.counts = { queueLength: 0, busyAgents: 0, availableAgents: slots.length }
  state.resumes++
  if (record.only) state.only = new Set(record.only)
  else delete state.only
  state.heldInRun = 0
  state.providers.clear()
  state.unwritten.length = 0
  delete state.canceling
  delete state.paused
  delete state.stopping
  delete state.waiting
  delete state.finished
}

function resumedRecord(task: PlannedTask, earlier: TaskRecord | undefined, staysFailed: boolean): TaskRecord {
  const planned = plannedRecord(task)
  if (!earlier) return planned
  const stays = staysFailed || (task.state === 'done' && earlier.state.type === 'done')
  const { title, estimateMs } = planned
  const state = stays ? earlier.state : planned.state
  return { ...withState(earlier, state), title, ...present({ estimateMs }) }
}

function forgetKept({ kept }: RunState, isGone: (commit: KeptCommit) => boolean): void {
  const index = kept.findIndex(isGone)
  if (index >= 0) kept.splice(index, 1)
}

function setTask(state: RunState, id: TaskId, next: TaskState): void {
  const task = state.tasks.get(id)
  if (task) changeTask(state, task, withState(task, next))
}

/** What the tally counts has changed. */
function changeTask(state: RunState, before: TaskRecord, after: TaskRecord): void {
  state.tasks.set(after.id, after)
  recount(state.tally, before, after, state.ms)
}

function beginAttempt(state: RunState, id: TaskId): void {
  const task = state.tasks.get(id)
  if (!task) return
  const attempts = { ...task.attempts, started: task.attempts.started + 1 }
  const begun = { ...task, attempts, usedBefore: task.used }
  state.tasks.set(id, withoutNotes(begun))
}

/**
 * Attempts of a task that cost something, over the whole journal. `counted` says whether the one that has just ended
 * counts.
 */
export function totalAttempts(task: TaskRecord | undefined, counted: boolean): number {
  if (!task) return 0
  const { started, unpaid } = task.attempts
  return started - unpaid - (counted || isPaid(task) ? 0 : 1)
}

/** Its last attempt used something. */
function isPaid({ used, usedBefore }: TaskRecord): boolean {
  return tokensOf(used) > tokensOf(usedBefore) || (used.costUsd ?? 0) > (usedBefore.costUsd ?? 0)
}

function countFailed(state: RunState, record: RecordOf<'attempt_failed'>): void {
  const task = state.tasks.get(record.taskId)
  if (!task) return
  const { attempts } = task
  const counts = record.counted !== false
  const counted = attempts.counted + (counts ? 1 : 0)
  const unpaid = attempts.unpaid + (counts || isPaid(task) ? 0 : 1)
  state.tasks.set(task.id, { ...task, attempts: { ...attempts, counted, unpaid } })
}

function beginWork(state: RunState, record: StartOfWork): void {
  startWork(state.slots, record, state.progress.get(record.taskId)?.course?.workspace)
}

function finishWork(state: RunState, record: Pick<RecordOf<'agent_exited'>, 'slot' | 'ms'>): void {
  const work = endWork(state.slots, record.slot, record.ms)
  const task = work && state.tasks.get(work.taskId)
  if (task) changeTask(state, task, { ...task, workMs: task.workMs + record.ms - work.since })
}

/** The slot on which an agent works on the task now. */
function slotOf(state: RunState, taskId: TaskId): string | undefined {
  const task = state.tasks.get(taskId)?.state
  return task?.type === 'running' || task?.type === 'verifying' ? task.slot : undefined
}
