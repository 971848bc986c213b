import type { Course, Turn } from '../../domain/attempt/course.js'
import { isSameOffer, type ProviderModel } from '../../domain/agent/provider-model.js'
import { present } from '../../domain/present.js'
import type { RecordOf, RunEvent } from '../../domain/run/event.js'
import type { Inheritance } from '../../domain/run/task-progress.js'
import { conversationOf, type Conversation } from './turn.js'
import type { FindProvider } from '../../providers/index.js'

/** What is recorded about a turn that begins; without what is unknown or unchanged. */
type TurnStart = Pick<AttemptStart, 'taskId' | 'attempt' | 'slot' | 'agent'> & Partial<AttemptStart>

type AttemptStart = Omit<Extract<RunEvent, { type: 'attempt_started' }>, 'type'>

/** The event of a turn that begins. */
export function startOf(turn: Turn, { workspace, base, text, goesOnFrom, directory, ...about }: TurnStart): RunEvent {
  switch (turn.type) {
    case 'begin':
      return {
        ...{ type: 'attempt_started', ...about, workspace: workspace ?? '' },
        ...present({ base, text, goesOnFrom, directory }),
      }
    case 'take_up':
      return { type: 'attempt_resumed', ...about, ...present({ workspace, base, text }) }
    case 'repair':
      return { type: 'repair_started', ...about, round: turn.round, reason: turn.reason, ...present({ base }) }
    case 'finish':
      return { type: 'finishing_started', ...about, turn: turn.number, reason: turn.reason }
  }
}

/** The conversation that a turn continues; undefined if it starts one. */
export function conversationFor(
  turn: Turn,
  course: Course,
  agent: ProviderModel,
  inherited: Inheritance | undefined,
  findProvider: FindProvider,
): Conversation | undefined {
  if (turn.type !== 'begin') return 'agent' in course ? conversationOf(course, findProvider) : undefined
  return inherited && isSameOffer(inherited.agent, agent) ? conversationOf(inherited, findProvider) : undefined
}

/** Called if a CLI no longer knows the conversation that a turn should continue; that costs no attempt. */
export function lostBy(turn: Turn): Pick<RecordOf<'conversation_lost'>, 'goesOn' | 'round'> {
  if (turn.type === 'repair') return { goesOn: 'repair', round: turn.round }
  return { goesOn: turn.type === 'finish' ? 'finish' : 'attempt' }
}
