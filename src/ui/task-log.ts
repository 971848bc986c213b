import type { EpochMs, TaskId } from '../domain/brand.js'
import type { AgentEvent } from '../domain/agent/agent-event.js'
import { formatClock } from '../domain/accounts/wall-time.js'
import type { RecordOf, RunRecord } from '../domain/run/event.js'
import type { RunState } from '../domain/run/run-state.js'
import { cleanLine, cleanText } from '../domain/text.js'
import { localZone } from '../platform/clock.js'
import { below, describe, type Line } from './describe.js'
import { endLines, formatDuration, formatUsage, withinWorkspace } from './format.js'
import type { Printed } from './printed.js'
import { shownPath } from './shown-path.js'
import { taskStanding } from './status.js'

/** What a record says about a task. */
export interface LogEntry {
  readonly record: RunRecord
  /** For people; none if only machines need it. */
  readonly lines: readonly Line[]
  /** The file whose end belongs below it: what a gate printed that did not pass. */
  readonly output?: string
}

/** The part of a run that a log is about. */
export interface LogSubject {
  readonly taskId: TaskId
  /** Only this attempt of it. */
  readonly attempt?: number
}

/** A record as an entry of a task's log; undefined if it is not about that. */
export function logEntry(record: RunRecord, state: RunState, subject: LogSubject): LogEntry | undefined {
  if (!isAbout(record, subject)) return undefined
  const output = outputOf(record)
  return { record, lines: linesOf(record, state), ...(output === undefined ? {} : { output }) }
}

function isAbout(record: RunRecord, { taskId, attempt }: LogSubject): boolean {
  if (!('taskId' in record)) return false
  const isOfTask = record.taskId === taskId
  // In a batch, each task has the number of its own attempt.
  if (!isOfTask)
    return record.type === 'gate_judged' && attempt === undefined && (record.together ?? []).includes(taskId)
  return attempt === undefined || !('attempt' in record) || record.attempt === attempt
}

function outputOf(record: RunRecord): string | undefined {
  return record.type === 'gate_judged' && record.verdict !== 'passed' ? record.log : undefined
}

function linesOf(record: RunRecord, state: RunState): readonly Line[] {
  if (record.type === 'agent_reported') {
    const { workspace = '' } = [...state.slots.values()].find(({ work }) => work?.taskId === record.taskId)?.work ?? {}
    return eventLines(record.event).map((line) => {
      return ofReview({ ...line, text: withinWorkspace(line.text, workspace) }, record.review)
    })
  }
  if (record.type === 'agent_finished') return [ofReview(finishedLine(record), record.review)]
  if (record.type === 'gate_judged' && !record.by) return [verdictLine(record)]
  if (record.type === 'task_queued') return [{ tone: 'faint', text: `attempt ${record.attempt} is queued` }]
  if (record.type === 'gates_began') return [{ tone: 'faint', text: 'its gates begin' }]
  if (record.type === 'candidate_created')
    return [{ tone: 'faint', text: `its work is collected: ${record.ref}` }, ...described(record, state)]
  return described(record, state)
}

function described(record: RunRecord, state: RunState): readonly Line[] {
  const line = describe(record, state)
  return line ? [line, ...below(line).map((text): Line => ({ tone: 'plain', text }))] : []
}

function ofReview(line: Line, review: number | undefined): Line {
  return review === undefined ? line : { ...line, text: `review ${review}: ${line.text}` }
}

function eventLines(event: AgentEvent): readonly Line[] {
  switch (event.type) {
    case 'text':
      return textLines(event.text)
    case 'tool':
      return [{ tone: 'faint', text: `→ ${event.name}${event.target === undefined ? '' : ` ${event.target}`}` }]
    case 'tool_ended':
      return event.ok ? [] : [{ tone: 'warning', text: `→ ${event.name ?? 'that'} failed` }]
    case 'denied': {
      const target = event.target === undefined ? '' : ` ${event.target}`
      return [{ tone: 'warning', text: `refused: ${event.tool}${target}: ${event.message}` }]
    }
    case 'retrying':
      return [{ tone: 'warning', text: `the CLI retries: ${event.message}` }]
    case 'limit':
      return [{ tone: 'warning', text: 'the CLI reports a limit' }]
    case 'session':
      return [{ tone: 'faint', text: `conversation ${cleanLine(event.sessionId, 100)}` }]
    // What it says is in the line of the agent's end.
    case 'result':
    case 'usage':
    case 'background':
    case 'unknown':
      return []
  }
}

function textLines(text: string): readonly Line[] {
  const lines = cleanText(text).trimEnd().split('\n')
  return lines.map((line) => ({ tone: 'plain', text: line }))
}

function verdictLine({
  gate,
  verdict,
  durationMs,
  remembered,
  together = [],
  again,
  log,
}: RecordOf<'gate_judged'>): Line {
  const when = remembered ? ', as before' : ` in ${formatDuration(durationMs)}`
  const others = together.length === 0 ? '' : `, on a tree with ${together.length} more`
  const where = log === undefined || verdict === 'passed' ? '' : `: ${shownPath(log)}`
  const text = `gate ${cleanLine(gate, 100)} ${verdict}${again ? ' again' : ''}${when}${others}${where}`
  return { tone: verdict === 'passed' ? 'good' : 'warning', text }
}

function finishedLine({ failure, usage }: RecordOf<'agent_finished'>): Line {
  const used = formatUsage(usage)
  const spent = used === undefined ? '' : ` (${used})`
  if (!failure) return { tone: 'faint', text: `its agent has finished${spent}` }
  return { tone: 'bad', text: `its agent ended (${failure.kind}): ${cleanLine(failure.message, 400)}${spent}` }
}

/** How many lines of a gate's output are shown, from its end. */
const maxOutput = 40

/** An entry with the end of what was printed, with its time; further lines are indented. */
export function entryLines({ record: { at }, lines }: LogEntry, output: string): readonly Line[] {
  const all = [...lines, ...endLines(output, maxOutput).map((text): Line => ({ tone: 'plain', text }))]
  const time = clockOf(at)
  return all.map((line, index) => ({ ...line, text: `${index === 0 ? time : ' '.repeat(time.length)}  ${line.text}` }))
}

/** Why tasks failed: those that say the least first, as they are the easiest to read. */
export function failuresLines(state: RunState): readonly Line[] {
  const { runId } = state.start
  const failed = failedTasks(state).map((task) => taskStanding(task, false))
  const length = (lines: readonly Line[]) => lines.reduce((sum, { text }) => sum + text.length, 0)
  const [first] = failed.sort((a, b) => length(a) - length(b))
  if (!first) return [{ tone: 'plain', text: `No task of run ${runId} has failed.` }]
  return [
    ...failed.flatMap(([line, ...below]) => [line, ...below.map(indented)]),
    { tone: 'plain', text: 'autopilot logs <task> shows all that happened with one.' },
  ]
}

function indented(line: Line): Line {
  return { ...line, text: `    ${line.text}` }
}

/** The same for machines. */
export function failureObjects(state: RunState): readonly Extract<Printed, { type: 'failed' }>[] {
  return failedTasks(state).map(({ id, state: { attempts, failure } }) => ({
    type: 'failed',
    ...{ taskId: id, attempts, failure },
  }))
}

function failedTasks({ tasks }: RunState) {
  return [...tasks.values()].flatMap((task) => {
    const { state } = task
    return state.type === 'failed' ? [{ ...task, state }] : []
  })
}

let zone: string | undefined

function clockOf(at: EpochMs): string {
  zone ??= localZone()
  return formatClock(at, zone)
}
