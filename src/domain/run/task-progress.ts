import { addUsage } from '../agent/agent-event.js'
import { noBaseline, type AgentCount, type Baseline } from '../accounts/counted.js'
import type { RunRecord } from './event.js'
import { consequencesOf, type Failure } from '../agent/failure.js'
import { isSameOffer, type ProviderModel } from '../agent/provider-model.js'
import { addRefusal, type Refusal } from '../agent/refusal.js'
import { commandProvider } from '../routing/routing.js'

/** How far a task has come over the whole journal, as far as going on with it must know. */
export interface TaskProgress {
  /** The highest number that an attempt of it has. */
  readonly attempts: number
  /** Attempts that failed and count towards those that the task has. */
  readonly used: number
  /** Attempts, since the run began or was resumed, that were spared for want of room or of a directory. */
  readonly spared: number
  /** Why the last attempt failed that said something about the work, the reasons of its repair rounds first. */
  readonly feedback: readonly Failure[]
  /** The digest of what the agent of its last attempt that has ended was told, where that is known. */
  readonly text?: string
  /** What the next attempt begins with, where the last one was cut off in the middle of its work. */
  readonly inherited?: Inheritance
  /** The last attempt, until it has come to its end; being stopped with the run is none. */
  readonly open?: OpenAttempt
}

/** An attempt that may go on. */
export interface OpenAttempt {
  readonly attempt: number
  readonly agent: ProviderModel
  /** Absolute path; empty when none could be opened. */
  readonly workspace: string
  /** The commit that the work of its last turn is a change of; absent in place. */
  readonly base?: string
  /** The repair round of its last turn; 0 for the first agent. */
  readonly round: number
  /** How many of its turns finished what one before had left unfinished. */
  readonly finishing: number
  /** Why its work was kept out before each of its repair rounds. */
  readonly repaired: readonly Failure[]
  /** Its conversation, once the CLI has told it, as the CLI wrote it. */
  readonly sessionId?: string
  /** What the agent of its last turn was refused, also before an interruption of that turn. */
  readonly refusals: readonly Refusal[]
  /** What the conversation's next total is to be compared with. */
  readonly used: Baseline
  /** The agent of the last turn has ended: well, or why not. Absent while it is at work. */
  ended?: { readonly failure?: Failure }
  /** What was collected of the last turn. */
  candidate?: string
  /** What was collected of the turn before, where the attempt's ref stands until the next is collected. */
  earlier?: string
  /** What was brought together in its workspace before each repair round; conflicts of it may have left markers. */
  readonly merges: readonly Merge[]
  /**
   * Digests of what its agent was told, and may be working by: the last alone once a turn has ended well. Empty where it
   * is not known, as older versions did not tell.
   */
  readonly texts: readonly string[]
}

/** What an attempt leaves to the next one: it belongs to the task. */
export interface Inheritance {
  /** The attempt that was cut off, and why. */
  readonly attempt: number
  readonly failure: Failure
  readonly agent: ProviderModel
  /** Its conversation, as in {@link OpenAttempt}. */
  readonly sessionId?: string
  readonly used: Baseline
  /** Its work so far, as a commit, and the commit that this is a change of. */
  readonly work?: { readonly candidate: string; readonly base: string }
  /** The digest of what its agent was told, where that is known. */
  readonly text?: string
}

export interface Merge {
  readonly candidate: string
  readonly base: string
  readonly tip: string
}

/** A task that no attempt has begun of. */
export const untried: TaskProgress = { attempts: 0, used: 0, spared: 0, feedback: [] }

/** An attempt that ended with the run, with the money, or for the sake of the target, is not the work's fault: it may go on. */
export function isInterruption({ kind, uncollected }: Failure): boolean {
  return uncollected === true || consequencesOf(kind).interrupts === true
}

/** Follows the attempts of all tasks; changes the map in place. */
export function followProgress(tasks: Map<string, TaskProgress>, record: RunRecord): void {
  if (record.type === 'attempt_started') beginAttempt(tasks, record)
  if (record.type === 'repair_started') changeOpen(tasks, record, (open) => beginRepair(open, record))
  if (record.type === 'finishing_started') changeOpen(tasks, record, (open) => beginFinishing(open, record))
  if (record.type === 'attempt_resumed') changeOpen(tasks, record, (open) => goOn(open, record))
  if (!isReview(record)) followAgent(tasks, record)
  if (record.type === 'candidate_created') {
    const { commit } = record
    changeOpen(tasks, record, (open) => ({ ...open, candidate: commit }))
  }
  if (record.type === 'attempt_failed') endAttempt(tasks, record)
  if (record.type === 'task_done' || record.type === 'task_integrated')
    change(tasks, record.taskId, (task) => settled(task, record.attempt))
  if (record.type === 'run_resumed') beginAgain(tasks, record)
}

function beginAgain(tasks: Map<string, TaskProgress>, { retried }: Extract<RunRecord, { type: 'run_resumed' }>): void {
  for (const [id, task] of tasks) if (task.spared > 0) tasks.set(id, { ...task, spared: 0 })
  for (const id of retried) change(tasks, id, (task) => ({ ...task, used: 0 }))
}

/** What the agent that is at work on an attempt tells. */
function followAgent(tasks: Map<string, TaskProgress>, record: RunRecord): void {
  if (record.type === 'agent_reported' && record.event.type === 'session') {
    const { sessionId } = record.event
    changeOpen(tasks, record, (open) => ({ ...open, sessionId }))
  }
  if (record.type === 'agent_reported' && record.event.type === 'denied') {
    const { event } = record
    changeOpen(tasks, record, (open) => ({ ...open, refusals: addRefusal(open.refusals, event) }))
  }
  if (record.type === 'agent_used') changeOpen(tasks, record, (open) => ({ ...open, ...usedAfter(record) }))
  if (record.type === 'agent_finished') changeOpen(tasks, record, (open) => endTurn(open, record))
}

function endTurn(open: OpenAttempt, record: Extract<RunRecord, { type: 'agent_finished' }>): OpenAttempt {
  const ended = record.failure === undefined ? {} : { failure: record.failure }
  // What it was told it has taken in.
  const texts = record.failure === undefined ? open.texts.slice(-1) : open.texts
  return { ...open, used: withTurn(open.used, record), ...usedAfter(record), ended, texts }
}

function usedAfter({ after }: AgentCount): Partial<Pick<OpenAttempt, 'used'>> {
  return after === undefined ? {} : { used: after }
}

/** In journals from before, a conversation's total is what its turns add up to. */
function withTurn({ total }: Baseline, { usage }: Extract<RunRecord, { type: 'agent_finished' }>): Baseline {
  return { total: addUsage(total, usage) }
}

/** Agents that review work report under its attempt; what they do is not the attempt's own. */
function isReview(record: RunRecord): boolean {
  return 'review' in record
}

function change(tasks: Map<string, TaskProgress>, id: string, next: (task: TaskProgress) => TaskProgress): void {
  tasks.set(id, next(tasks.get(id) ?? untried))
}

interface OfAttempt {
  readonly taskId: string
  readonly attempt: number
}

function changeOpen(
  tasks: Map<string, TaskProgress>,
  { taskId, attempt }: OfAttempt,
  next: (open: OpenAttempt) => OpenAttempt,
): void {
  const task = tasks.get(taskId)
  if (task?.open?.attempt === attempt) tasks.set(taskId, { ...task, open: next(task.open) })
}

/** What was done by another attempt than the last was not done by that one's text. */
function settled(task: TaskProgress, attempt: number): TaskProgress {
  const { attempts, used, spared, feedback, open } = task
  return open && open.attempt !== attempt ? { attempts, used, spared, feedback } : withoutOpen(task)
}

function withoutOpen({ attempts, used, spared, feedback, text, open }: TaskProgress): TaskProgress {
  const known = open ? knownText(open) : text
  return { attempts, used, spared, feedback, ...(known === undefined ? {} : { text: known }) }
}

/** What an attempt's agent works by, where there is no doubt. */
export function knownText({ texts }: OpenAttempt): string | undefined {
  return texts.length === 1 ? texts[0] : undefined
}

function beginAttempt(
  tasks: Map<string, TaskProgress>,
  { taskId, attempt, agent, workspace, base, text, goesOnFrom }: Extract<RunRecord, { type: 'attempt_started' }>,
): void {
  const from = base === undefined ? {} : { base }
  const known = tasks.get(taskId)?.inherited
  const inherited = known?.attempt === goesOnFrom ? known : undefined
  const used = inherited && isSameOffer(inherited.agent, agent) ? inherited.used : noBaseline
  const merges = inherited?.work && base !== undefined ? [{ ...inherited.work, tip: base }] : []
  const begun = { round: 0, finishing: 0, repaired: [], refusals: [], used, merges }
  const open = { attempt, agent, workspace, ...begun, texts: text === undefined ? [] : [text], ...from }
  change(tasks, taskId, (before) => ({ ...before, attempts: Math.max(before.attempts, attempt), open }))
}

function beginRepair(
  open: OpenAttempt,
  { round, reason, base, agent }: Extract<RunRecord, { type: 'repair_started' }>,
): OpenAttempt {
  const repaired = [...open.repaired, reason]
  const together = base === undefined ? {} : broughtTogether(open, base)
  return { ...atWork(open), ...together, agent, round, repaired, refusals: [] }
}

/** Nothing has been collected: the turn goes on with what lies in the workspace. */
function beginFinishing(
  open: OpenAttempt,
  { turn, agent }: Extract<RunRecord, { type: 'finishing_started' }>,
): OpenAttempt {
  const next = { ...open, agent, finishing: turn }
  delete next.ended
  return next
}

function goOn(
  open: OpenAttempt,
  { slot, workspace = open.workspace, base, text }: Extract<RunRecord, { type: 'attempt_resumed' }>,
): OpenAttempt {
  // Without a slot it is its work that goes on, of which the agent has ended.
  if (slot === undefined) return { ...open, workspace }
  const texts = text === undefined || text === open.texts.at(-1) ? open.texts : [...open.texts, text]
  return { ...atWork(open), ...(base === undefined ? {} : broughtTogether(open, base)), workspace, texts }
}

/** The next turn begins with the work so far and this tip. */
function broughtTogether({ candidate, base, merges }: OpenAttempt, tip: string): Pick<OpenAttempt, 'base' | 'merges'> {
  const isMerge = candidate !== undefined && base !== undefined
  return { base: tip, merges: isMerge ? [...merges, { candidate, base, tip }] : merges }
}

/** A turn begins: what the one before brought is the earlier work. */
function atWork(open: OpenAttempt): OpenAttempt {
  const next = { ...open, ...(open.candidate === undefined ? {} : { earlier: open.candidate }) }
  delete next.ended
  delete next.candidate
  return next
}

function endAttempt(
  tasks: Map<string, TaskProgress>,
  { taskId, attempt, failure, counted }: Extract<RunRecord, { type: 'attempt_failed' }>,
): void {
  const before = tasks.get(taskId) ?? untried
  const task = failure.spared ? { ...before, spared: before.spared + 1 } : before
  const open = task.open?.attempt === attempt ? task.open : undefined
  const repaired = open?.repaired ?? []
  if (isInterruption(failure)) {
    // Where it cannot go on, or another provider takes over, the next attempt knows what its gates said.
    tasks.set(taskId, repaired.length > 0 ? { ...task, feedback: repaired } : task)
    return
  }
  // What an account's trouble ended leaves to the next one what it began with itself.
  const inherited = counted === false ? task.inherited : open && inheritanceOf(open, failure)
  // An account's trouble is not the work's: the next agent has nothing to learn from it.
  const reasons = counted === false ? repaired : [...repaired, failure]
  tasks.set(taskId, {
    ...withoutOpen(task),
    used: task.used + (counted === false ? 0 : 1),
    feedback: reasons.length > 0 ? reasons : task.feedback,
    ...(inherited === undefined ? {} : { inherited }),
  })
}

/** A command begins clean. */
function inheritanceOf(open: OpenAttempt, failure: Failure): Inheritance | undefined {
  if (!consequencesOf(failure.kind).cutsOff || open.agent.provider === commandProvider) return undefined
  const { attempt, agent, sessionId, used, base, candidate = open.earlier } = open
  const text = knownText(open)
  return {
    ...{ attempt, failure, agent, used },
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(candidate === undefined || base === undefined ? {} : { work: { candidate, base } }),
    ...(text === undefined ? {} : { text }),
  }
}
