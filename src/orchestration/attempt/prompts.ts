import type { Turn } from '../../domain/attempt/course.js'
import { isGitLeft } from '../../domain/agent/git-left.js'
import type { Failure } from '../../domain/agent/failure.js'
import { present } from '../../domain/present.js'
import type { Inheritance } from '../../domain/run/task-progress.js'
import { renderRepair } from '../../prompt/repair.js'
import { renderResume } from '../../prompt/resume.js'
import { renderUnfinished } from '../../prompt/unfinished.js'
import type { Continued, TurnPlace } from '../place/isolation.js'
import { feedbackOf } from './feedback.js'
import { taskPrompt, type AttemptRequest, type AttemptSettings } from './turn.js'

/** What an agent's prompt tells of. */
export interface Telling {
  readonly request: AttemptRequest
  readonly settings: AttemptSettings
  /** The agent starts a conversation: it is told everything. */
  readonly isFresh: boolean
  /** The place is as the agent left it that was interrupted. */
  readonly stands: boolean
  readonly place: Pick<TurnPlace, 'place' | 'diff'>
  readonly together?: Continued
  readonly inherited?: Inheritance
}

/** So much of the work is shown to an agent that does not know it; the rest it can see for itself. */
const maxDiffChars = 30_000

/** What the agent of a turn is told. */
export async function promptOf(turn: Turn, telling: Telling): Promise<string> {
  const { request, settings, stands, place, inherited } = telling
  const whole = taskPrompt(request, settings)
  const together = turn.type === 'repair' && turn.asLeft ? undefined : telling.together
  const { id: taskId } = request.task
  const common = { taskId, conflicts: together?.conflicts ?? [], ...present({ note: together?.note }) }
  const diff = telling.isFresh && together ? await place.diff(together, maxDiffChars) : ''
  const briefing = telling.isFresh ? { prompt: whole, diff } : undefined
  switch (turn.type) {
    case 'begin': {
      if (!inherited) return whole
      const directory = together ? 'restored' : place.place.base === undefined ? 'as_left' : 'new'
      const timeoutMs = request.task.timeoutMs ?? settings.timeoutMs
      const cutOff = { why: feedbackOf(inherited.failure), timeoutMs }
      return renderResume({ ...common, directory, cutOff, left: [], ...present({ briefing }) })
    }
    case 'take_up': {
      const directory = stands ? 'as_left' : together ? 'restored' : 'new'
      const reworded = turn.reworded ? whole : undefined
      const { hadFinished } = turn
      return renderResume({
        ...common,
        directory,
        left: leftBy(turn.left),
        hadFinished,
        ...present({ reworded, briefing }),
      })
    }
    case 'repair': {
      const asLeft = turn.asLeft ? (true as const) : undefined
      const rounds = { round: turn.round, rounds: settings.repairRounds, reason: feedbackOf(turn.reason) }
      return renderRepair({ ...common, ...rounds, ...present({ asLeft, briefing }) })
    }
    case 'finish': {
      const left = leftBy(turn.reason)
      return renderUnfinished({ taskId, left, inGit: left.some(isGitLeft), ...present({ prompt: briefing?.prompt }) })
    }
  }
}

/** What a turn left unfinished, by its failure. */
function leftBy({ detail = '' }: Partial<Failure> = {}): readonly string[] {
  return detail.split('\n').filter((line) => line !== '')
}
