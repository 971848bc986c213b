import { isSameOffer } from '../../domain/agent/provider-model.js'
import type { Inheritance } from '../../domain/run/task-progress.js'
import { renderResume } from '../../prompt/resume.js'
import { feedbackOf } from './feedback.js'
import type { Continued, OpenPlace } from '../place/isolation.js'
import { slotAfterLoss } from './lost-conversation.js'
import type { Ongoing } from './ongoing.js'
import type { Recorder } from '../recorder.js'
import { conversationOf, mostDiffChars, taskPrompt, type HeldSlot, type Turn } from './turn.js'

/** What an attempt goes on with: the conversation of the one before it, its work, or both. */
export interface TakenOver {
  readonly inherited: Inheritance
  /** The work so far and what others have finished, in the place; absent where nothing was collected, or in place. */
  readonly together?: Continued
}

/** Brings the work of an attempt that was cut off into the place of the next one. Undefined where that begins afresh. */
export async function takeOver(
  taskId: string,
  inherited: Inheritance | undefined,
  open: OpenPlace,
  recorder: Recorder,
): Promise<TakenOver | undefined> {
  if (!inherited) return undefined
  if (!inherited.work || open.place.base === undefined) return { inherited }
  const together = await open.takeOver(inherited.work)
  if (together.ok) return { inherited, together: together.value }
  const text = `${taskId}: begins afresh, as the work of attempt ${inherited.attempt} could not be taken over: ${together.error.message}`
  void recorder.record({ type: 'notice', level: 'warning', text })
  return undefined
}

/** The first turn: in the conversation that was cut off, where that can be; else another agent is told what there is. */
export async function inheritedTurn(at: Ongoing, slot: HeldSlot, taken: TakenOver): Promise<Turn> {
  const { inherited } = taken
  const conversation = isSameOffer(inherited.agent, at.request.agent) ? conversationOf(inherited) : undefined
  const turn: Turn = { slot, round: 0, prompt: await promptOf(at, taken, conversation === undefined) }
  return conversation ? { ...turn, resumes: conversation, afresh: () => beginAfresh(at, taken) } : turn
}

async function beginAfresh(at: Ongoing, taken: TakenOver): Promise<Turn | undefined> {
  const slot = await slotAfterLoss(at)
  return slot && { slot, round: 0, standsIn: true, prompt: await promptOf(at, taken, true) }
}

async function promptOf(
  { request, settings, open }: Ongoing,
  { inherited, together }: TakenOver,
  isFresh: boolean,
): Promise<string> {
  const diff = isFresh && together ? await together.diff(mostDiffChars) : ''
  return renderResume({
    taskId: request.task.id,
    directory: together ? 'restored' : open.place.base === undefined ? 'as_left' : 'new',
    cutOff: { why: feedbackOf(inherited.failure), timeoutMs: request.task.timeoutMs ?? settings.timeoutMs },
    left: [],
    conflicts: together?.conflicts ?? [],
    ...(together?.note === undefined ? {} : { note: together.note }),
    ...(isFresh ? { afresh: { prompt: taskPrompt(request, settings), diff } } : {}),
  })
}
