import type { AgentEvent } from '../../domain/agent/agent-event.js'
import type { Failure } from '../../domain/agent/failure.js'
import { formatProviderModel } from '../../domain/agent/provider-model.js'
import type { TaskId } from '../../domain/brand.js'
import { isControl, isTold, passOver, type RecordOf, type RunRecord } from '../../domain/run/event.js'
import { cleanLine } from '../../domain/text.js'
import type { Excerpt, ReportVerdict } from '../form.js'

/** A failed attempt, or a turn whose work went back to its agent. */
export interface Setback {
  readonly attempt: number
  readonly round?: number
  readonly failure: Failure
}

/** What is known of a task beyond its state. */
export interface TaskHistory {
  startedMs?: number
  endedMs?: number
  workMs: number
  agent?: string
  readonly verdicts: ReportVerdict[]
  readonly setbacks: Setback[]
  excerpt: Excerpt[]
}

const [maxVerdicts, maxSetbacks] = [50, 20]
/** Of the last attempt; of one that is done, less is of interest. */
const [maxExcerpts, maxExcerptsOfDone] = [12, 3]
const longestExcerpt = 240

/** Follows the tasks of a run; see {@link TaskHistory}. */
export class TaskHistories {
  readonly #all = new Map<TaskId, TaskHistory>()

  of(id: TaskId): TaskHistory {
    const known = this.#all.get(id)
    if (known) return known
    const begun: TaskHistory = { workMs: 0, verdicts: [], setbacks: [], excerpt: [] }
    this.#all.set(id, begun)
    return begun
  }

  record(record: RunRecord): void {
    if (isTold(record) || isControl(record)) return
    switch (record.type) {
      case 'attempt_started':
      case 'attempt_resumed':
      case 'repair_started':
      case 'finishing_started':
        this.#began(record)
        return
      case 'attempt_failed':
        this.#setBack(record.taskId, { attempt: record.attempt, failure: record.failure })
        return
      case 'agent_reported': {
        const excerpt = record.review === undefined ? excerptOf(record.event, record.ms) : undefined
        if (excerpt) push(this.of(record.taskId).excerpt, excerpt, maxExcerpts)
        return
      }
      case 'gate_judged':
        this.#judged(record)
        return
      case 'task_queued':
        delete this.of(record.taskId).endedMs
        return
      case 'task_held':
      case 'task_failed':
      case 'task_canceled':
        this.of(record.taskId).endedMs = record.ms
        return
      case 'task_done':
      case 'task_integrated':
        this.#done(record)
        return
      case 'agent_exited':
      case 'agent_finished':
      case 'agent_spawned':
      case 'agent_used':
      case 'base_awaited':
      case 'base_judged':
      case 'candidate_created':
      case 'command_spawned':
      case 'commit_kept':
      case 'gate_ended':
      case 'gate_started':
      case 'gates_began':
      case 'setup_ended':
      case 'setup_started':
      case 'ignored_written':
      case 'leftovers_ended':
      case 'model_stopped':
      case 'provider_cooled_down':
      case 'provider_detected':
      case 'provider_stopped':
      case 'queue_updated':
      case 'review_queued':
      case 'review_started':
      case 'roadmap_not_written':
      case 'roadmap_written':
      case 'run_canceling':
      case 'run_finished':
      case 'run_resumed':
      case 'run_started':
      case 'run_stopping':
      case 'run_waiting':
      case 'workspace_kept':
        return
      default:
        passOver(record)
    }
  }

  #began(record: RecordOf<'attempt_started' | 'attempt_resumed' | 'repair_started' | 'finishing_started'>): void {
    const { taskId, attempt, agent, ms } = record
    const task = this.of(taskId)
    task.startedMs ??= ms
    task.agent = cleanLine(formatProviderModel(agent), 80)
    delete task.endedMs
    if (record.type === 'attempt_started') task.excerpt = []
    if (record.type === 'repair_started')
      this.#setBack(taskId, { attempt, round: record.round, failure: record.reason })
    if (record.type === 'finishing_started') this.#setBack(taskId, { attempt, failure: record.reason })
  }

  #setBack(taskId: TaskId, setback: Setback): void {
    push(this.of(taskId).setbacks, setback, maxSetbacks)
  }

  #judged({ taskId, together = [], ...record }: RecordOf<'gate_judged'>): void {
    const { ms, attempt, gate, verdict, durationMs, remembered, by } = record
    for (const id of [taskId, ...together]) {
      const said: ReportVerdict = {
        ...{ ms, attempt, gate: cleanLine(gate, 100), verdict, durationMs },
        ...(remembered ? { remembered: true } : {}),
        ...(by ? { by: cleanLine(formatProviderModel(by.agent), 80), reasons: by.reasons.map(clean) } : {}),
        ...(together.length > 0 ? { together: together.length } : {}),
      }
      push(this.of(id).verdicts, said, maxVerdicts)
    }
  }

  #done({ taskId, ms }: RecordOf<'task_done' | 'task_integrated'>): void {
    const task = this.of(taskId)
    task.endedMs = ms
    task.excerpt = task.excerpt.slice(-maxExcerptsOfDone)
  }
}

function clean(text: string): string {
  return cleanLine(text, 500)
}

function push<Item>(list: Item[], item: Item, most: number): void {
  list.push(item)
  if (list.length > most) list.shift()
}

function excerptOf(event: AgentEvent, ms: number): Excerpt | undefined {
  switch (event.type) {
    case 'text': {
      const text = cleanLine(event.text, longestExcerpt)
      return text === '' ? undefined : { ms, what: 'said', text }
    }
    case 'tool':
      return { ms, what: 'called', text: cleanLine(`${event.name} ${event.target ?? ''}`, longestExcerpt) }
    case 'denied':
      return { ms, what: 'refused', text: cleanLine(`${event.tool} ${event.target ?? ''}`, longestExcerpt) }
    case 'session':
    case 'tool_ended':
    case 'usage':
    case 'retrying':
    case 'limit':
    case 'background':
    case 'result':
    case 'unknown':
      return undefined
  }
}
