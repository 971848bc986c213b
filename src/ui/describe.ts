import type { TaskId } from '../domain/brand.js'
import { msBetween } from '../domain/clock.js'
import type { AgentEvent } from '../domain/agent/agent-event.js'
import { formatUsd } from '../domain/accounts/budget.js'
import { isControl, isTold, type RecordOf, type RunRecord } from '../domain/run/event.js'
import type { Failure } from '../domain/agent/failure.js'
import { formatProviderModel, type ProviderModel } from '../domain/agent/provider-model.js'
import { nameRefusal, openRefusals } from '../domain/agent/refusal.js'
import type { RunState } from '../domain/run/run-state.js'
import { cleanLine, listFirst, plural } from '../domain/text.js'
import { describeControl } from './control.js'
import {
  formatBaseRed,
  formatCounts,
  formatDuration,
  formatFailure,
  formatHold,
  formatLeftovers,
  formatReasons,
  formatTasks,
  formatWait,
  formatWaiting,
  ignoredBehind,
  leftoversBehind,
  reasonLines,
  showId,
} from './format.js'
import { allowHint, refusedBehind } from './refusals.js'
import { describeTold } from './told.js'

/** How a line is meant; a terminal gives each a mark and a colour. */
export type Tone = 'plain' | 'good' | 'bad' | 'warning' | 'faint'

export interface Line {
  readonly tone: Tone
  readonly text: string
  /** A live screen shows it anyway. */
  readonly onScreen?: true
  /** Further lines, which stand below it. */
  readonly below?: readonly string[]
}

/** Generous, because outside text is already cut. */
const longestLine = 2000

/** A record as one line for people; undefined for what only machines need. All outside text in it is clean. */
export function describe(record: RunRecord, state: RunState): Line | undefined {
  const line = phrase(record, state)
  // Also what should already be clean: names of providers, branches and slots come from files and command lines.
  return line && { ...line, text: cleanLine(line.text, longestLine) }
}

/** The lines below a line, indented. */
export function below({ below: lines = [] }: Line): readonly string[] {
  return lines.map((text) => `    ${text}`)
}

function phrase(record: RunRecord, state: RunState): Line | undefined {
  if (isTold(record)) return describeTold(record)
  if (isControl(record)) return describeControl(record)
  switch (record.type) {
    case 'run_started':
      return { tone: 'plain', text: describeStart(record) }
    case 'run_resumed':
      return { tone: 'plain', text: describeResumed(record, state) }
    case 'provider_detected':
      return record.usable
        ? { tone: 'faint', text: `${record.provider} ${cleanLine(record.version ?? '', 40)}` }
        : { tone: 'warning', text: `${record.provider} is not usable: ${cleanLine(record.message ?? '')}` }
    case 'provider_stopped':
      return { tone: 'bad', text: `${record.provider} is out for this run: ${cleanLine(record.failure.message, 600)}` }
    case 'model_stopped': {
      const what = record.model === undefined ? `${record.provider} with its default model` : agent({ agent: record })
      return { tone: 'bad', text: `${what} is out for this run: ${cleanLine(record.failure.message, 600)}` }
    }
    case 'provider_cooled_down':
      return {
        tone: 'warning',
        text: `${record.provider} cools down for ${formatWait(msBetween(record.at, record.until))}: ${cleanLine(record.failure.message, 600)}`,
      }
    case 'run_waiting':
      return { tone: 'warning', text: formatWaiting(record.until, record.at, record.providers) }
    case 'queue_updated':
      return { tone: 'plain', text: formatCounts(record), onScreen: true }
    case 'task_held':
      return describeHold(record, state)
    case 'attempt_started': {
      const again = record.attempt > 1 ? `, attempt ${record.attempt}` : ''
      const from = record.goesOnFrom === undefined ? '' : `, continues attempt ${record.goesOnFrom}, which was cut off`
      return {
        tone: 'faint',
        onScreen: true,
        text: `${name(record, state)} started on ${record.slot} (${agent(record)}${again}${from})`,
      }
    }
    case 'attempt_resumed': {
      const head = `${name(record, state)} attempt ${record.attempt}`
      if (record.slot === undefined) return { tone: 'faint', text: `${head} continues: its agent had finished` }
      return { tone: 'faint', onScreen: true, text: `${head} resumed on ${record.slot} (${agent(record)})` }
    }
    case 'repair_started': {
      const head = `${showId(record.taskId)} repair round ${record.round} started on ${record.slot}`
      const text = `${head} (${record.reason.kind}): ${formatFailure(record.reason)}`
      return { tone: 'warning', text, ...reasonBelow(record.reason) }
    }
    case 'finishing_started': {
      const head = `${showId(record.taskId)} continues on ${record.slot} to finish its work`
      return { tone: 'warning', text: `${head} (${record.reason.kind}): ${formatFailure(record.reason)}` }
    }
    case 'leftovers_ended':
      if (record.review !== undefined) return undefined
      return { tone: 'warning', text: `${showId(record.taskId)}: ${formatLeftovers(record.what)}` }
    case 'attempt_failed': {
      // The line of the task reports the last one.
      if (!record.willRetry) return undefined
      const then = state.stopping ? 'is left for the next run' : 'will be tried again'
      const head = `${showId(record.taskId)} attempt ${record.attempt} failed (${record.failure.kind}), ${then}`
      return { tone: 'warning', ...failureText(head, record.failure, state) }
    }
    case 'task_integrated':
      return {
        tone: 'good',
        text:
          `${name(record, state)} integrated as ${record.commit.slice(0, 10)}${took(record, state)}` +
          besides(record, state),
      }
    case 'task_done':
      if (record.how === 'integrated') return undefined
      return {
        tone: 'good',
        text:
          `${name(record, state)} done${record.how === 'unchanged' ? ', no change needed' : ''}` +
          took(record, state) +
          besides(record, state),
      }
    case 'task_failed': {
      const tried = plural(record.attempts, 'attempt')
      const head = `${showId(record.taskId)} failed after ${tried}${took(record, state)} (${record.failure.kind})`
      const { text, ...more } = failureText(head, record.failure, state)
      const besides = `${ignoredBehind(state.tasks.get(record.taskId))}${refusedOf(record, state, record.failure)}`
      return { tone: 'bad', text: `${text}${besides}${behind(record)}`, ...more }
    }
    case 'task_canceled':
      return { tone: 'warning', text: `${showId(record.taskId)} canceled` }
    case 'commit_kept':
      return { tone: 'warning', text: `${showId(record.taskId)}: ${cleanLine(record.why)} is kept on ${record.ref}` }
    case 'workspace_kept':
      return { tone: 'warning', text: `workspace kept: ${cleanLine(record.path, 300)} (${cleanLine(record.why)})` }
    case 'run_canceling':
      return { tone: 'warning', text: `stopping: ${cleanLine(record.why)}` }
    case 'run_stopping':
      return { tone: 'warning', text: `starting nothing more: ${cleanLine(record.why)}; ${cleanLine(record.next)}` }
    case 'review_started':
      return {
        tone: 'faint',
        onScreen: true,
        text: `${showId(record.taskId)} review started on ${record.slot} (${agent(record)})`,
      }
    case 'gate_judged':
      return record.by ? describeReview(record, record.by) : describeVerdict(record)
    case 'agent_reported':
      return record.event.type === 'denied' ? describeRefusal(record, record.event, state) : undefined
    case 'base_judged':
      return describeBase(record)
    case 'base_awaited':
      return { tone: 'warning', text: `${showId(record.taskId)} waits: ${formatBaseRed(record.gates)}` }
    case 'candidate_created':
      if (record.leftOut.length === 0) return undefined
      return {
        tone: 'warning',
        text: `${showId(record.taskId)}: its changes to ${record.leftOut.join(', ')} do not count`,
      }
    case 'agent_finished':
      return describeEstimate(record)
    case 'task_queued':
    case 'gates_began':
    // The live view shows what runs; their verdicts and what fails have lines of their own.
    case 'gate_started':
    case 'gate_ended':
    case 'setup_started':
    case 'setup_ended':
    case 'review_queued':
    case 'agent_spawned':
    case 'command_spawned':
    case 'agent_exited':
    case 'agent_used':
    // The task's line and the summary show it.
    case 'ignored_written':
    case 'roadmap_written':
    // The summary shows it, and a notice gave the reason when it came up.
    case 'roadmap_not_written':
    case 'run_finished':
      return undefined
  }
}

/** Where setup fails, it fails for every task alike: what it said is told once. */
function failureText(head: string, failure: Failure, { setupFailures }: RunState): Omit<Line, 'tone'> {
  const isKnown = failure.inSetup === true && (setupFailures.get(failure.message) ?? 0) > 1
  if (isKnown) return { text: `${head}: setup failed as before` }
  return { text: `${head}: ${formatFailure(failure)}`, ...reasonBelow(failure) }
}

function reasonBelow(failure: Failure): Pick<Line, 'below'> {
  const lines = reasonLines(failure)
  return lines.length === 0 ? {} : { below: lines }
}

function describeEstimate(record: RecordOf<'agent_finished'>): Line | undefined {
  const { taskId, review, estimated, usage } = record
  if (!estimated || usage.costUsd === undefined) return undefined
  const who = review === undefined ? showId(taskId) : `the review of ${showId(taskId)}`
  return {
    tone: 'faint',
    text: `${who}: its agent was cut off before it reported its cost, about ${formatUsd(usage.costUsd)} (an estimate)`,
  }
}

/** Further refusals of a task are counted at its end. */
const maxRefusals = 10

/** Once per thing; refusals of reviewers are expected. */
function describeRefusal(
  { taskId, review }: RecordOf<'agent_reported'>,
  { tool, target }: Extract<AgentEvent, { type: 'denied' }>,
  state: RunState,
): Line | undefined {
  const refusals = openRefusals(state.tasks.get(taskId)?.refusals)
  const known = refusals.find((refusal) => refusal.tool === tool && refusal.target === target)
  if (review !== undefined || known?.times !== 1 || refusals.length > maxRefusals) return undefined
  const hint = allowHint([known])
  const cure = hint === undefined ? '' : `; to permit it, ${hint}`
  return { tone: 'warning', text: `${showId(taskId)} was refused ${nameRefusal(known)}${cure}` }
}

function refusedOf({ taskId }: { readonly taskId: TaskId }, state: RunState, failed?: Failure): string {
  return refusedBehind(state.tasks.get(taskId), failed)
}

/** How long its agents worked on it, in all its attempts. */
function took({ taskId }: { readonly taskId: TaskId }, state: RunState): string {
  const { workMs = 0 } = state.tasks.get(taskId) ?? {}
  return workMs > 0 ? ` in ${formatDuration(workMs)}` : ''
}

/** What a person should know about a task although it is done. */
function besides(record: { readonly taskId: TaskId }, state: RunState): string {
  const task = state.tasks.get(record.taskId)
  return `${leftoversBehind(task)}${ignoredBehind(task)}${refusedOf(record, state)}`
}

/** A tree with the work of several tasks belongs to no single one: all are named, or counted. */
function describeVerdict(record: RecordOf<'gate_judged'>): Line | undefined {
  const { taskId, together = [], gate, verdict, again, remembered, durationMs } = record
  if (verdict === 'passed' && remembered) return undefined
  const shown = formatTasks([...together, taskId])
  const who = together.length === 0 ? shown : `${shown} together`
  const took = remembered ? ', as before' : ` (${formatDuration(durationMs)})`
  const text = `${who}: gate ${gate} ${verdict}${again ? ' again' : ''}${took}`
  return verdict === 'passed' ? { tone: 'faint', text, onScreen: true } : { tone: 'warning', text }
}

function describeBase({ verdict, gates }: RecordOf<'base_judged'>): Line {
  const said = gates.map(({ gate, message }) => `${gate} (${cleanLine(message)})`).join(', ')
  switch (verdict) {
    case 'passed':
      return { tone: 'faint', text: 'the base passes the gates' }
    case 'failed':
      return { tone: 'warning', text: `the base fails: ${said}; nothing more starts until some work passes` }
    case 'errored':
      return { tone: 'warning', text: `the base could not be judged: ${said}` }
  }
}

/** Longer lists are counted. */
const maxHolds = 20

/** A stopped provider may hold thousands of tasks: a screenful is named. Dependents are counted with their task. */
function describeHold(record: RecordOf<'task_held'>, { heldInRun }: RunState): Line | undefined {
  if (record.reason.type === 'dependency' || heldInRun > maxHolds + 1) return undefined
  const text = `${showId(record.taskId)} held: ${formatHold(record.reason)}${behind(record)}`
  return { tone: 'warning', text: heldInRun > maxHolds ? 'more tasks are held; the summary counts them' : text }
}

function behind({ holds = 0 }: { readonly holds?: number }): string {
  if (holds === 0) return ''
  return holds === 1 ? ' (1 dependent is held)' : ` (${holds} dependents are held)`
}

function describeStart(start: RecordOf<'run_started'>): string {
  const count = (state: string) => start.tasks.filter((task) => task.state === state).length
  const tasks = `${plural(count('pending'), 'task')} to run, ${count('held')} held, ${count('done')} done before`
  return describeBegin(start, start.roadmap, tasks)
}

function describeResumed(resumed: RecordOf<'run_resumed'>, { start }: RunState): string {
  const count = (state: string) => resumed.tasks.filter((task) => task.state === state).length
  const left = plural(count('pending') - resumed.failed.length, 'task')
  const failed = resumed.failed.length > 0 ? `, ${resumed.failed.length} failed` : ''
  const alone = resumed.only ? `, working on ${listFirst(resumed.only, 5, showId)} alone` : ''
  const tasks = `run ${start.runId} continues${alone}: ${left} left, ${count('held')} held, ${count('done')} done${failed}`
  return describeBegin(resumed, start.roadmap, tasks)
}

function describeBegin(
  { version, target, slots, permissions }: RecordOf<'run_started' | 'run_resumed'>,
  roadmap: string,
  tasks: string,
): string {
  const where = target ? ` → ${target.branch}` : ', in place'
  return (
    `autopilot ${version}: ${cleanLine(roadmap, 300)}${where}; ${tasks}; ` +
    `${plural(slots.length, 'slot')}, permissions ${permissions}`
  )
}

/** The id, with the title when it says more. */
function name({ taskId }: { readonly taskId: TaskId }, state: RunState): string {
  const title = state.tasks.get(taskId)?.title
  const shown = showId(taskId)
  return title === undefined || title === taskId ? shown : `${shown} “${cleanLine(title, 60)}”`
}

const reviewed = { passed: 'approved', failed: 'rejected', errored: 'not reviewed' } as const

function describeReview(
  { taskId, gate, verdict, remembered }: RecordOf<'gate_judged'>,
  by: NonNullable<RecordOf<'gate_judged'>['by']>,
): Line {
  const [reason] = verdict === 'passed' ? [formatReasons(by.reasons)] : by.reasons
  const why = reason === undefined || reason === '' ? '' : `: ${cleanLine(reason, verdict === 'passed' ? 1500 : 400)}`
  const known = remembered ? ', as before' : ''
  const text = `${showId(taskId)} ${reviewed[verdict]} by ${agent(by)} (${cleanLine(gate, 100)}${known})${why}`
  return { tone: verdict === 'passed' ? 'faint' : 'warning', text }
}

function agent({ agent: chosen }: { readonly agent: ProviderModel }): string {
  return cleanLine(formatProviderModel(chosen), 60)
}
