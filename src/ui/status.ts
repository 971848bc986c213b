import type { EpochMs } from '../domain/brand.js'
import type { CommitOnRef } from '../domain/run/ledger.js'
import type { ResumeCounts } from '../domain/run/reconcile.js'
import type { RunState, TaskRecord, TaskState } from '../domain/run/run-state.js'
import { present } from '../domain/present.js'
import { cleanLine, plural } from '../domain/text.js'
import type { Line, Tone } from './describe.js'
import { formatPaused } from './control.js'
import type { Printed } from './printed.js'
import {
  formatCounts,
  formatFailure,
  formatHold,
  formatWaiting,
  ignoredBehind,
  leftoversBehind,
  reasonLines,
  showId,
} from './format.js'
import { refusedBehind } from './refusals.js'
import {
  approvalLines,
  baseLines,
  diffCommand,
  gateLines,
  keptLines,
  outcomeLines,
  ignoredLines,
  refusedLines,
  row,
  usageLines,
} from './summary.js'

/** Whether a run is active. A run that was broken off has neither an end in its journal nor a process. */
export type RunStanding =
  /** `isStopped`: as by Ctrl-Z. */
  | { readonly type: 'running'; readonly pid: number; readonly host: string; readonly isStopped?: true }
  /**
   * On another machine or in another container, without a sign of life: nobody can tell from here whether it is gone.
   */
  | { readonly type: 'silent'; readonly pid: number; readonly host: string; readonly since: EpochMs }
  | { readonly type: 'finished' }
  | { readonly type: 'broken_off' }

/** What is known about a run from outside. */
export interface RunStatus {
  readonly state: RunState
  readonly standing: RunStanding
  readonly startedAt: EpochMs
  readonly lastAt: EpochMs
  /** What is still on refs and nowhere else. */
  readonly kept: readonly CommitOnRef[]
  /** Which of the run's kept workspaces still exist. */
  readonly keptWorkspaces: RunState['keptWorkspaces']
  /** Shown path of the journal. */
  readonly journal: string
  /** What `autopilot resume` would do; absent if there is nothing to resume. */
  readonly resume?: ResumeCounts
}

/** A run's status for people. */
export function statusLines(status: RunStatus): readonly Line[] {
  const { state, standing, kept, keptWorkspaces } = status
  const outcome = outcomeLines(state)
  return [
    row(...headline(status)),
    row('plain', 'Started', new Date(status.startedAt).toISOString()),
    row('plain', 'Roadmap', cleanLine(state.start.roadmap, 300)),
    ...(state.start.target ? [row('plain', 'Target', state.start.target.branch)] : []),
    ...(standing.type === 'running' ? [{ tone: 'plain', text: formatCounts(state.counts) } as const] : []),
    ...(standing.type === 'running' ? waitingLines(status) : []),
    ...(standing.type === 'running' ? pausedLines(status) : []),
    // A running run is neither good nor bad yet.
    ...(standing.type === 'running' ? outcome.map(({ text }) => ({ tone: 'plain', text }) as const) : outcome),
    ...resumeLines(status),
    ...taskLines(status),
    ...refusedLines(state),
    ...ignoredLines(state),
    ...approvalLines(state),
    ...keptLines({ ...state, kept, keptWorkspaces }),
    ...baseLines(state),
    ...gateLines(state),
    ...usageLines(state),
    row('plain', 'Journal', cleanLine(status.journal, 300)),
  ]
}

function headline({ state, standing, lastAt }: RunStatus): [tone: Tone, label: string, text: string] {
  const id = state.start.runId
  switch (standing.type) {
    case 'running': {
      const why = state.canceling ?? state.stopping?.why
      const stopping = why === undefined ? '' : `, stopping (${cleanLine(why)})`
      return ['plain', 'Run', `${id} is running: process ${standing.pid} on ${cleanLine(standing.host)}${stopping}`]
    }
    case 'silent': {
      const { pid, host, since } = standing
      const where = `process ${pid} on ${cleanLine(host)}`
      const text = `${id} seems to be broken off: ${where} has shown no sign of life since ${new Date(since).toISOString()}`
      return ['bad', 'Run', `${text}; if it is gone for good, autopilot resume --take-over continues it`]
    }
    case 'finished': {
      const { exitCode = 0, why = '' } = state.finished ?? {}
      return [exitCode === 0 ? 'good' : 'bad', 'Run', `${id} is finished: ${cleanLine(why)} (exit code ${exitCode})`]
    }
    case 'broken_off':
      return ['bad', 'Run', `${id} was broken off; its last sign of life was at ${new Date(lastAt).toISOString()}`]
  }
}

/** The waiting time counts from its last record, which says that it waits. */
function waitingLines({ state: { waiting }, lastAt }: RunStatus): readonly Line[] {
  if (!waiting) return []
  return [row('warning', 'Waits', formatWaiting(waiting.until, lastAt, waiting.providers))]
}

function pausedLines({ state: { paused }, standing, lastAt }: RunStatus): readonly Line[] {
  const isStopped = standing.type === 'running' && standing.isStopped === true
  return [
    ...(isStopped ? [row('warning', 'Stopped', `as by Ctrl-Z; fg or kill -CONT ${standing.pid} continues it`)] : []),
    ...(paused ? [row('warning', 'Paused', formatPaused(paused, lastAt))] : []),
  ]
}

function resumeLines({ state, resume }: RunStatus): readonly Line[] {
  if (!resume) return []
  const { toLand, conversations, toStart, failed } = resume
  const verb = (count: number) => (count === 1 ? 'continues' : 'continue')
  const parts = [
    ...(toLand > 0 ? [`${plural(toLand, 'task')} to the merge queue, without an agent`] : []),
    ...(conversations > 0 ? [`${plural(conversations, 'conversation')} ${verb(conversations)}`] : []),
    ...(toStart > 0 ? [`${plural(toStart, 'task')} to start`] : []),
    ...(failed > 0 ? [`${failed} failed for good (--retry-failed tries again)`] : []),
  ]
  return [row('plain', 'Resume', `${parts.join(', ')}; autopilot resume ${state.start.runId}`)]
}

/** Named one by one up to this many, then counted. */
const maxTasks = 200

function taskLines({ state, standing }: RunStatus): readonly Line[] {
  const brokenOff = standing.type === 'broken_off' || standing.type === 'silent'
  const tasks = [...state.tasks.values()]
  const shown = tasks.slice(0, maxTasks).flatMap((task, index) => {
    const [line, ...reason] = taskStanding(task, brokenOff)
    return [
      row(line.tone, index === 0 ? 'Tasks' : '', line.text),
      ...reason.map(({ tone, text }) => ({ tone, text: `${' '.repeat(14)}${text}` })),
    ]
  })
  const rest = tasks.length - maxTasks
  return rest > 0 ? [...shown, row('plain', '', `and ${rest} more; --output json has all`)] : shown
}

/** How a task stands, and below that the reason of a failure. */
export function taskStanding(task: TaskRecord, brokenOff: boolean): readonly [Line, ...Line[]] {
  const { id, state } = task
  const [tone, text] = describeTask(task, brokenOff)
  const failed = state.type === 'failed' ? state.failure : undefined
  const besides = `${leftoversBehind(task)}${ignoredBehind(task)}${refusedBehind(task, failed)}`
  const reason = failed ? reasonLines(failed) : []
  return [
    { tone, text: `${showId(id)}: ${text}${besides}` },
    ...reason.map((below): Line => ({ tone: 'plain', text: below })),
  ]
}

function describeTask({ state, canceling }: TaskRecord, brokenOff: boolean): [tone: Tone, text: string] {
  const isCanceling = canceling !== undefined
  switch (state.type) {
    case 'done':
      return ['good', describeDone(state)]
    case 'failed': {
      const tried = plural(state.attempts, 'attempt')
      return ['bad', `failed after ${tried} (${state.failure.kind}): ${formatFailure(state.failure)}`]
    }
    case 'held':
      return ['plain', `held: ${formatHold(state.reason)}`]
    case 'canceled':
      return ['warning', 'canceled']
    case 'pending':
      return ['plain', brokenOff ? 'not done' : 'pending']
    case 'queued':
    case 'running':
    case 'verifying':
    case 'merging': {
      const slot = state.type === 'running' || state.type === 'verifying' ? state.slot : undefined
      const where = slot === undefined ? '' : ` on ${cleanLine(slot, 30)}`
      const text = `${state.type}, attempt ${state.attempt}${where}${isCanceling ? ', being canceled' : ''}`
      return brokenOff ? ['warning', `was ${text}`] : ['plain', text]
    }
  }
}

function describeDone({ how, commit }: Extract<TaskState, { type: 'done' }>): string {
  switch (how) {
    case 'integrated':
      return `done${commit === undefined ? '' : `, integrated as ${cleanLine(commit, 80).slice(0, 10)}`}`
    case 'unchanged':
      return 'done, no change needed'
    case 'in_place':
      return 'done in place'
    case 'before':
      return 'done before this run'
  }
}

type PrintedStatus = Extract<Printed, { type: 'status' }>

/** The same as one object for machines; see `status-form.ts`. */
export function statusObject(status: RunStatus): PrintedStatus {
  const { state, standing, kept, keptWorkspaces, startedAt, lastAt, journal, resume } = status
  const { runId, version, roadmap, isolation, target } = state.start
  const tasks = [...state.tasks.values()]
  const counts: Record<string, number> = {}
  for (const { state: taskState } of tasks) counts[taskState.type] = (counts[taskState.type] ?? 0) + 1
  return {
    type: 'status',
    run: runId,
    ...(target ? { target } : {}),
    ...{ version, roadmap, isolation, startedAt, lastAt, journal },
    // A running run has its process in the object, a finished one its exit code and why.
    ...{ standing: standing.type, ...state.finished },
    ...(standing.type === 'running' ? { pid: standing.pid, host: standing.host, queue: state.counts } : {}),
    ...(standing.type === 'silent' ? { pid: standing.pid, host: standing.host, silentSince: standing.since } : {}),
    ...(standing.type === 'running' ? present({ paused: state.paused, stopped: standing.isStopped }) : {}),
    ...(state.base ? { base: state.base } : {}),
    ...{ counts, tasks, gates: state.gates, usage: state.usage, spending: Object.fromEntries(state.spending) },
    durationMs: state.ms,
    ...(resume ? { resume } : {}),
    slots: [...state.slots.values()].map(({ id, attempts, busyMs }) => ({ id, attempts, busyMs })),
    kept: kept.map((commit) => ({ ...commit, diff: diffCommand(commit, state) })),
    keptWorkspaces,
  }
}

/** The message if there is no run yet. */
export function noRunLine(place: string): Line {
  return { tone: 'plain', text: `No run yet in ${cleanLine(place, 300)}; autopilot run starts one.` }
}
