import { failure, type Failure } from '../../domain/agent/failure.js'
import type { GoingOn } from '../../domain/run/reconcile.js'
import { ok, type Result } from '../../domain/result.js'
import { knownText, type OpenAttempt } from '../../domain/run/task-progress.js'
import { renderResume } from '../../prompt/resume.js'
import { attemptText } from './attempt-text.js'
import { mayRepair, takeTurn, takeTurns, type AttemptEnd, type TakenTurn } from './attempt.js'
import type { Continued, Harvest, Reopened } from '../place/isolation.js'
import { gitUnfinished, leftBy } from './finishing.js'
import { slotAfterLoss } from './lost-conversation.js'
import type { AttemptSlots, Ongoing } from './ongoing.js'
import { recordHarvest, settle } from './settle.js'
import {
  conversationOf,
  mostDiffChars,
  shown,
  taskPrompt,
  type AttemptRequest,
  type AttemptSettings,
  type Conversation,
  type HeldSlot,
  type Turn,
} from './turn.js'
import type { AttemptOf } from '../attempt-of.js'

/** The slots of an attempt that goes on; the first is there where its agent does. */
export interface ResumedSlots extends Pick<AttemptSlots, 'again'> {
  readonly first?: HeldSlot
}

/**
 * An attempt that was interrupted with its run, from where it stood to its end: its agent's conversation, or the work
 * that its agent had finished, then as any attempt. Never rejects for what can happen in normal life.
 */
export async function resumeAttempt(
  request: AttemptRequest,
  how: GoingOn,
  settings: AttemptSettings,
  slots: ResumedSlots,
): Promise<AttemptEnd> {
  const { recorder, isolation } = settings
  const { task, attempt, agent } = request
  const { open: past, stands } = how
  const of: AttemptOf = { task, attempt, agent, ...textAfter(request, how, settings) }
  const before = { past, stands, resumes: recorder.state.resumes }
  const reopened = await isolation.reopen(of, before)
  const cannot = (why: Failure) => cannotGoOn(request, settings, slots, { failure: why, repaired: past.repaired })
  if (!reopened.ok) return cannot(reopened.error)
  const { open } = reopened.value
  const finishing = { turns: past.finishing }
  const at: Ongoing = { request, settings, slots, open, of, finishing, wrote: new Set(), told: {} }
  const take =
    how.type === 'continue' && slots.first
      ? await takeUp(at, how, slots.first, reopened.value)
      : ok(() => takeFinished(at, how, reopened.value))
  if (!take.ok) {
    open.close()
    return cannot(take.error)
  }
  const beginning = { round: past.round, repaired: past.repaired, take: take.value }
  return takeTurns(at, beginning).finally(open.close)
}

/** By which text the attempt's work is done: as far as is known, since a journal of before does not tell. */
function textAfter({ task }: AttemptRequest, how: GoingOn, settings: AttemptSettings): { readonly text?: string } {
  const isTold = how.type === 'continue' && (how.reworded === true || conversationOf(how.open) === undefined)
  const text = isTold ? attemptText(task, settings) : knownText(how.open)
  return text === undefined ? {} : { text }
}

/** Where the place is not to be had. A slot was reserved, so that its release is a fact of the run, too. */
async function cannotGoOn(
  { task, attempt, agent }: AttemptRequest,
  { recorder }: AttemptSettings,
  { first }: ResumedSlots,
  { failure: why, repaired }: Omit<Extract<AttemptEnd, { type: 'failed' }>, 'type'>,
): Promise<AttemptEnd> {
  if (first) {
    const of = { taskId: task.id, attempt, slot: first.agent.id }
    await recorder.record({ type: 'attempt_resumed', ...of, agent: shown(agent) })
    first.release()
    const exit = { type: 'not_started', message: why.message } as const
    await recorder.record({ type: 'agent_exited', ...of, exit, durationMs: 0 })
  }
  return { type: 'failed', failure: why, repaired }
}

/** Its conversation goes on: the agent is told what has become of its directory. */
async function takeUp(
  at: Ongoing,
  how: GoingOn,
  slot: HeldSlot,
  { stands, candidate }: Reopened,
): Promise<Result<() => Promise<TakenTurn>, Failure>> {
  const { open: past } = how
  const reworded = how.type === 'continue' && how.reworded === true
  const together = !stands && candidate ? await at.open.goOn(candidate) : undefined
  if (together && !together.ok) return together
  const found: Found = { past, stands, reworded, ...(together ? { together: together.value } : {}) }
  const turn = beginAgain(at, found, slot, conversationOf(past))
  return ok(async () => takeTurn(at, await turn, baseOf(at, found)))
}

/** What an agent that goes on has before it. */
interface Found {
  readonly past: OpenAttempt
  readonly stands: boolean
  /** The task says something else by now. */
  readonly reworded: boolean
  /** Its work, and what others have finished. */
  readonly together?: Continued
}

function baseOf({ open }: Ongoing, { together }: Found): string | undefined {
  return together?.base ?? open.place.base
}

/** The turn of an agent that goes on: in its conversation, else with all that there is to know. */
async function beginAgain(
  at: Ongoing,
  found: Found,
  slot: HeldSlot,
  conversation: Conversation | undefined,
): Promise<Turn> {
  const { recorder } = at.settings
  const { task, attempt, agent } = at.of
  const base = baseOf(at, found)
  const of = { taskId: task.id, attempt, slot: slot.agent.id, agent: shown(agent), workspace: at.open.place.cwd }
  // One that is told nothing of the task works by what it was told before.
  const isTold = found.reworded || conversation === undefined
  const text = isTold ? { text: attemptText(task, at.settings) } : {}
  void recorder.record({ type: 'attempt_resumed', ...of, ...(base === undefined ? {} : { base }), ...text })
  const prompt = await resumePrompt(at, found, conversation === undefined)
  const turn: Turn = { slot, round: found.past.round, prompt, takenUp: recorder.state.resumes }
  return conversation ? { ...turn, resumes: conversation, afresh: () => beginAfresh(at, found) } : turn
}

async function beginAfresh(at: Ongoing, found: Found): Promise<Turn | undefined> {
  const slot = await slotAfterLoss(at)
  return slot && { ...(await beginAgain(at, found, slot, undefined)), standsIn: true }
}

async function resumePrompt(
  { request, settings }: Ongoing,
  { past, stands, together, reworded }: Found,
  isFresh: boolean,
): Promise<string> {
  const diff = isFresh && together ? await together.diff(mostDiffChars) : ''
  const prompt = taskPrompt(request, settings)
  const hadFinished = past.ended !== undefined && !past.ended.failure
  return renderResume({
    taskId: request.task.id,
    directory: stands ? 'as_left' : together ? 'restored' : 'new',
    left: past.ended?.failure?.kind === 'unfinished' ? leftBy(past.ended.failure) : [],
    conflicts: together?.conflicts ?? [],
    ...(together?.note === undefined ? {} : { note: together.note }),
    hadFinished,
    ...(isFresh ? { afresh: { prompt, diff } } : {}),
    ...(reworded ? { reworded: prompt } : {}),
  })
}

/** Its agent had ended well: what is left is to collect its work, if that had not been done, and to land it. */
async function takeFinished(at: Ongoing, how: GoingOn, { stands, candidate }: Reopened): Promise<TakenTurn> {
  const { settings, open, of } = at
  const { recorder } = settings
  const { open: past } = how
  const conversation = conversationOf(past)
  const { task, attempt, agent } = of
  const workspace = open.place.cwd
  void recorder.record({ type: 'attempt_resumed', taskId: task.id, attempt, agent: shown(agent), workspace })
  const stopped = stands && how.type !== 'land' ? await gitUnfinished(open) : undefined
  const harvest: Harvest = how.type === 'land' && candidate ? candidate : await collectLate(at, stands, past.base)
  // Others need workspaces, too, while gates take their time.
  if (!mayRepair(at, past)) open.close()
  const end = await settle(of, open, settings, stopped ? { failure: stopped } : {}, harvest)
  return {
    end,
    ...(harvest.type === 'candidate' ? { candidate: harvest } : {}),
    ...(conversation ? { conversation } : {}),
  }
}

async function collectLate(
  { settings, open, of }: Ongoing,
  stands: boolean,
  base: string | undefined,
): Promise<Harvest> {
  if (!stands) return { type: 'stuck', failure: failure('infrastructure', workIsGone) }
  const harvest = await open.harvest()
  recordHarvest(settings.recorder, of, harvest, base)
  return harvest
}

const workIsGone = 'What its agent had finished is not where it was when the run was interrupted.'
