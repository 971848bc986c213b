import type { CommitId, TaskId } from '../brand.js'
import { addUsage, type AgentEvent } from '../agent/agent-event.js'
import { noBaseline, type Baseline } from '../accounts/counted.js'
import { passOver, type Control, type RecordOf, type RunRecord, type Told } from './event.js'
import { afterBegun, begun } from '../attempt/outcome.js'
import { knownText, type Begun, type Merge, type Turn } from '../attempt/course.js'
import { wasCanceled } from '../attempt/end.js'
import { present } from '../present.js'
import { consequencesOf, type Failure } from '../agent/failure.js'
import { isSameOffer, type ProviderModel } from '../agent/provider-model.js'
import { addRefusal } from '../agent/refusal.js'
import { commandProvider } from '../routing/routing.js'
import { workBegins, workEnds, workStays, type Uncollected } from './uncollected.js'

/** A task's progress over the whole journal, as far as continuing it requires. */
export interface TaskProgress {
  /** The highest attempt number of the task. */
  readonly attempts: number
  /** Failed attempts that count towards the task's limit. */
  readonly used: number
  /**
   * Attempts since the run began or was resumed that didn't count because the disk was full or a directory was gone.
   */
  readonly spared: number
  /** Why the last attempt failed that said something about the work; the reasons of its repair rounds come first. */
  readonly feedback: readonly Failure[]
  /** The digest of what the agent of the last ended attempt was told, if known. */
  readonly text?: string
  /** What the next attempt starts with, if the last one was cut off in the middle of its work. */
  readonly inherited?: Inheritance
  /** The last attempt, until its end; being stopped with the run is not an end. */
  readonly course?: Begun
}

/** What an attempt leaves to the next one. It belongs to the task. */
export interface Inheritance {
  /** The attempt that was cut off, and why. */
  readonly attempt: number
  readonly failure: Failure
  readonly agent: ProviderModel
  /** Its conversation, as in {@link Begun}. */
  readonly sessionId?: string
  readonly used: Baseline
  /** Its work so far, as a commit, and the commit that it is a change of. */
  readonly work?: Omit<Merge, 'tip'>
  /** The digest of what its agent was told, if known. */
  readonly text?: string
}

/** A task without any attempt. */
export const untried: TaskProgress = { attempts: 0, used: 0, spared: 0, feedback: [] }

/** An attempt that ended because of the run, the money or the target is not the work's fault: it may continue. */
export function isInterruption({ kind, uncollected }: Failure): boolean {
  return uncollected === true || consequencesOf(kind).interrupts === true
}

/** What is known about attempts: the progress of tasks, and where work may be. Changed in place. */
export interface Attempts {
  /** Including tasks that are no longer part of the run. */
  readonly progress: Map<TaskId, TaskProgress>
  readonly uncollected: Uncollected
}

/** Follows the attempts of all tasks. */
export function followProgress(
  { progress: tasks, uncollected }: Attempts,
  record: Exclude<RunRecord, { type: Told | Control }>,
): void {
  switch (record.type) {
    case 'attempt_started':
      workBegins(uncollected, record.workspace, record)
      beginAttempt(tasks, record)
      return
    case 'attempt_resumed':
      workBegins(uncollected, record.workspace, record)
      continueCourse(tasks, record)
      return
    case 'repair_started':
    case 'finishing_started':
    case 'candidate_created':
      continueCourse(tasks, record)
      return
    case 'agent_reported':
    case 'agent_used':
    case 'agent_finished':
      // Agents that review work report under its attempt; what they do is not the attempt's own.
      if (record.review === undefined) continueCourse(tasks, record)
      return
    case 'attempt_failed':
      if (!record.failure.uncollected) workEnds(uncollected, record)
      endAttempt(tasks, record)
      return
    case 'workspace_kept':
      workStays(uncollected, record)
      return
    case 'task_done':
      workEnds(uncollected, record)
      change(tasks, record.taskId, (task) => settled(task, record.attempt))
      return
    case 'task_integrated':
      change(tasks, record.taskId, (task) => settled(task, record.attempt))
      return
    case 'run_resumed':
      beginAgain(tasks, record)
      return
    case 'run_started':
    case 'run_waiting':
    case 'run_stopping':
    case 'run_canceling':
    case 'run_finished':
    case 'queue_updated':
    case 'provider_detected':
    case 'provider_stopped':
    case 'provider_cooled_down':
    case 'model_stopped':
    case 'task_queued':
    case 'task_held':
    case 'task_failed':
    case 'task_canceled':
    case 'roadmap_written':
    case 'roadmap_not_written':
    case 'agent_spawned':
    case 'command_spawned':
    case 'agent_exited':
    case 'leftovers_ended':
    case 'ignored_written':
    case 'commit_kept':
    case 'setup_started':
    case 'setup_ended':
    case 'gates_began':
    case 'gate_started':
    case 'gate_ended':
    case 'review_queued':
    case 'review_started':
    case 'gate_judged':
    case 'base_judged':
    case 'base_awaited':
      return
    default:
      passOver(record)
  }
}

function continueCourse(tasks: Map<TaskId, TaskProgress>, record: OfCourse): void {
  const task = tasks.get(record.taskId)
  if (task?.course?.attempt !== record.attempt) return
  const course = follow(task.course, record)
  if (course !== task.course) tasks.set(record.taskId, { ...task, course })
}

/** Records about an attempt between its start and its end. */
type OfCourse = Started | RecordOf<'candidate_created' | 'agent_reported' | 'agent_used' | 'agent_finished'>

function follow(course: Begun, record: OfCourse): Begun {
  switch (record.type) {
    case 'agent_used':
      return { ...course, ...present({ used: record.after }) }
    case 'agent_reported':
      return reported(course, record.event)
    case 'attempt_resumed':
      // Without a slot, its work continues after its agent has ended.
      if (record.slot === undefined) return { ...course, workspace: record.workspace ?? course.workspace }
      return turnBegan(course, takenUp, record)
    case 'repair_started':
      return turnBegan(course, { type: 'repair', round: record.round, reason: record.reason, asLeft: false }, record)
    case 'finishing_started':
      return turnBegan(course, { type: 'finish', number: record.turn, reason: record.reason }, record)
    case 'agent_finished': {
      // In older journals, a conversation's total is the sum of its turns.
      const used = record.after ?? { total: addUsage(course.used.total, record.usage) }
      return afterBegun(course, { type: 'agent_ended', used, ...present({ failure: record.failure }) })
    }
    case 'candidate_created': {
      const why = present({ failure: whyNoLanding(course) })
      return afterBegun(course, { type: 'collected', commit: record.commit, ...why })
    }
  }
}

function reported(course: Begun, event: AgentEvent): Begun {
  if (event.type === 'session') return { ...course, sessionId: event.sessionId }
  if (event.type === 'result' && event.sessionId !== undefined) return { ...course, sessionId: event.sessionId }
  return event.type === 'denied' ? { ...course, refusals: addRefusal(course.refusals, event) } : course
}

/** How it was interrupted is already known. */
const takenUp: Turn = { type: 'take_up', reworded: false, hadFinished: false }

type Started = RecordOf<'attempt_resumed' | 'repair_started' | 'finishing_started'>

function turnBegan(course: Begun, turn: Turn, record: Started): Begun {
  const { workspace, text } = record.type === 'attempt_resumed' ? record : {}
  const base = record.type === 'finishing_started' ? undefined : record.base
  const facts = { agent: record.agent, resumes: course.sessionId !== undefined, ...present({ workspace, text, base }) }
  return afterBegun(course, { type: 'turn_began', turn, ...facts })
}

function whyNoLanding({ state }: Begun): Failure | undefined {
  if (state.type === 'unfinished') return state.reason
  if (state.type === 'collecting') return state.failure
  return state.type === 'working' ? wasCanceled : undefined
}

function change(tasks: Map<TaskId, TaskProgress>, id: TaskId, next: (task: TaskProgress) => TaskProgress): void {
  tasks.set(id, next(tasks.get(id) ?? untried))
}

function beginAgain(tasks: Map<TaskId, TaskProgress>, { retried }: RecordOf<'run_resumed'>): void {
  for (const [id, task] of tasks) if (task.spared > 0) tasks.set(id, { ...task, spared: 0 })
  for (const id of retried) change(tasks, id, (task) => ({ ...task, used: 0 }))
}

/** Work of an earlier attempt wasn't done by the text of the last one. */
function settled(task: TaskProgress, attempt: number): TaskProgress {
  const { attempts, used, spared, feedback, course } = task
  return course && course.attempt !== attempt ? { attempts, used, spared, feedback } : withoutCourse(task)
}

function withoutCourse({ attempts, used, spared, feedback, text, course }: TaskProgress): TaskProgress {
  return { attempts, used, spared, feedback, ...present({ text: course ? knownText(course) : text }) }
}

function beginAttempt(
  tasks: Map<TaskId, TaskProgress>,
  { taskId, attempt, goesOnFrom, agent, workspace, base, text }: RecordOf<'attempt_started'>,
): void {
  const known = tasks.get(taskId)?.inherited
  const inherited = inheritedBy(agent, known?.attempt === goesOnFrom ? known : undefined, base)
  const course = begun(attempt, { agent, resumes: false, workspace, inherited, ...present({ base, text }) })
  change(tasks, taskId, (task) => ({ ...task, attempts: Math.max(task.attempts, attempt), course }))
}

/** What an attempt's first turn continues, with a given provider and model and from a given base. */
export function inheritedBy(
  agent: ProviderModel,
  inherited: Inheritance | undefined,
  base: CommitId | undefined,
): Pick<Begun, 'used' | 'merges'> {
  const used = inherited && isSameOffer(inherited.agent, agent) ? inherited.used : noBaseline
  return { used, merges: inherited?.work && base !== undefined ? [{ ...inherited.work, tip: base }] : [] }
}

function endAttempt(
  tasks: Map<TaskId, TaskProgress>,
  { taskId, attempt, failure, counted }: RecordOf<'attempt_failed'>,
): void {
  const known = tasks.get(taskId) ?? untried
  const task = failure.spared ? { ...known, spared: known.spared + 1 } : known
  const course = task.course?.attempt === attempt ? task.course : undefined
  const repaired = course?.repaired ?? []
  if (isInterruption(failure)) {
    // If it can't continue, or another provider takes over, the next attempt knows what its gates said.
    tasks.set(taskId, repaired.length > 0 ? { ...task, feedback: repaired } : task)
    return
  }
  // An attempt that ended because of its account leaves to the next one what it started with itself.
  const inherited = counted === false ? task.inherited : course && inheritanceOf(course, failure)
  // A problem of the account isn't the work's: the next agent has nothing to learn from it.
  const reasons = counted === false ? repaired : [...repaired, failure]
  tasks.set(taskId, {
    ...withoutCourse(task),
    used: task.used + (counted === false ? 0 : 1),
    feedback: reasons.length > 0 ? reasons : task.feedback,
    ...present({ inherited }),
  })
}

/** A command begins clean. */
function inheritanceOf(course: Begun, failure: Failure): Inheritance | undefined {
  if (!consequencesOf(failure.kind).cutsOff || course.agent.provider === commandProvider) return undefined
  const { attempt, agent, sessionId, used, base, collected: commit } = course
  const work = commit === undefined || base === undefined ? undefined : { commit, base }
  return { attempt, failure, agent, used, ...present({ sessionId, work, text: knownText(course) }) }
}
