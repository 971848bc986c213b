import { failure, type Failure } from '../../domain/agent/failure.js'
import { gitLeft, isGitLeft } from '../../domain/agent/git-left.js'
import { renderUnfinished } from '../../prompt/unfinished.js'
import type { OpenPlace } from '../place/isolation.js'
import type { Ongoing } from './ongoing.js'
import type { AgentEnd } from '../agent/agent-work.js'
import { conversationAfter, shown, taskPrompt, type Turn } from './turn.js'

/** A turn whose agent has ended. */
export interface EndedTurn {
  readonly turn: Turn
  readonly agentEnd: AgentEnd
}

/** So many turns of an attempt may finish what another left unfinished; then the attempt has failed. */
const mostTurns = 2

export const wasCanceled: Failure = failure('canceled', 'The attempt was canceled.')

/** A turn that ended well, but whose git stopped in the middle of something, has left work unfinished. */
export async function withGit(open: OpenPlace, ended: EndedTurn): Promise<EndedTurn> {
  const { agentEnd } = ended
  const reason = agentEnd.failure ? undefined : await gitUnfinished(open)
  return reason ? { ...ended, agentEnd: { ...agentEnd, failure: reason } } : ended
}

export async function gitUnfinished(open: OpenPlace): Promise<Failure | undefined> {
  const left = await open.underWay()
  if (left === undefined) return undefined
  return failure('unfinished', `The turn ended while git was in the middle of something: ${left}.`, {
    detail: gitLeft(left),
  })
}

/**
 * The turn that follows one which left work unfinished, in the same conversation and place, with a slot of its own. It
 * uses up neither an attempt nor a repair round. Undefined where none follows.
 */
export async function finishingTurn(
  at: Ongoing,
  { turn, agentEnd }: EndedTurn,
): Promise<Turn | 'canceled' | undefined> {
  const { failure: reason } = agentEnd
  const { settings, request, finishing } = at
  if (reason?.kind !== 'unfinished') return undefined
  if (settings.signal.aborted) return 'canceled'
  const conversation = conversationAfter(agentEnd)
  if (!conversation || finishing.turns >= mostTurns) return undefined
  if (settings.allowances.usedUpBy(request.task) !== undefined) return undefined
  const slot = await waitForSlot(at)
  if (typeof slot === 'string') return slot === 'aborted' ? 'canceled' : undefined
  const number = ++finishing.turns
  recordStart(at, number, slot.agent.id, reason)
  const takenUp = turn.takenUp === undefined ? {} : { takenUp: turn.takenUp }
  const next: Turn = { slot, round: turn.round, finishing: number, prompt: promptOf(at, reason, false), ...takenUp }
  return { ...next, resumes: conversation, afresh: () => beginAfresh(at, next, reason) }
}

function waitForSlot({ settings, request: { task, attempt }, slots }: Ongoing) {
  void settings.recorder.record({ type: 'task_queued', taskId: task.id, attempt })
  return slots.again()
}

function recordStart({ settings, request }: Ongoing, turn: number, slot: string, reason: Failure): void {
  const of = { taskId: request.task.id, attempt: request.attempt }
  void settings.recorder.record({ type: 'finishing_started', ...of, turn, slot, agent: shown(request.agent), reason })
}

/** Where the CLI has lost the conversation: another one, which is told all that there is to know. */
async function beginAfresh(at: Ongoing, turn: Turn, reason: Failure): Promise<Turn | undefined> {
  const text = `${at.request.task.id}: its conversation is not there any more; another agent finishes what it left unfinished`
  void at.settings.recorder.record({ type: 'notice', level: 'warning', text })
  const slot = await waitForSlot(at)
  if (typeof slot === 'string') return undefined
  recordStart(at, at.finishing.turns, slot.agent.id, reason)
  return { ...turn, slot, standsIn: true, prompt: promptOf(at, reason, true) }
}

function promptOf({ request, settings }: Ongoing, reason: Failure, isFresh: boolean): string {
  const left = leftBy(reason)
  const afresh = isFresh ? { prompt: taskPrompt(request, settings) } : {}
  return renderUnfinished({ taskId: request.task.id, left, inGit: left.some(isGitLeft), ...afresh })
}

/** What a turn left unfinished, by its failure. */
export function leftBy({ detail = '' }: Failure): readonly string[] {
  return detail.split('\n').filter((line) => line !== '')
}
