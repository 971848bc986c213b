import type { Answer } from '../domain/run/control.js'
import { plural } from '../domain/text.js'
import { formatDayAndTime } from '../domain/accounts/wall-time.js'
import { localZone } from '../platform/clock.js'
import { showId } from './format.js'

/** An answer of a run, in words. */
export interface AnswerText {
  readonly text: string
  readonly help?: string
  /** What was ordered was not done. */
  readonly isRefused: boolean
}

export function describeAnswer(answer: Answer): AnswerText {
  switch (answer.type) {
    case 'here':
      return done(`Run ${answer.run} is at work.`)
    case 'paused':
      return done(
        `${answer.changed ? 'Paused' : 'Paused already'}: nothing begins; what has begun goes on. ${endOf(answer)}`,
      )
    case 'unpaused':
      return done(answer.changed ? 'No longer paused.' : 'The run is not paused.')
    case 'canceled':
      return done(canceledText(answer))
    case 'stopping':
      return done('Canceled: the run stops, as after Ctrl-C.')
    case 'slots': {
      const count = plural(answer.count, 'agent slot')
      const why = answer.why === undefined ? '' : ` ${answer.why}`
      return done(`${answer.changed ? `${count} from now on.` : `${count}, as before.`}${why}`)
    }
    case 'unknown_task': {
      const help = answer.nearest === undefined ? undefined : `did you mean ${showId(answer.nearest)}?`
      return refused(`the run has no task ${showId(answer.task)}`, help)
    }
    case 'settled':
      return refused(`${showId(answer.task)} is ${answer.state} already`)
    case 'out_of_range':
      return refused(`a run has ${answer.least} to ${answer.most} agent slots`)
    case 'ending':
      return refused('the run is coming to its end')
    case 'misunderstood':
      return refused(`the run does not understand that: it is at work with autopilot ${answer.version}`)
  }
}

function endOf({ until }: Extract<Answer, { type: 'paused' }>): string {
  const unpause = 'autopilot unpause ends the pause'
  return until === undefined
    ? `There is no time limit: only ${unpause}.`
    : `The time limit ends the run at ${formatDayAndTime(until, localZone())}; ${unpause}.`
}

function canceledText({ task, end, ref }: Extract<Answer, { type: 'canceled' }>): string {
  const id = showId(task)
  if (end === undefined) return `${id} is being canceled: its agent has not ended yet.`
  if (end !== 'held') return `${id} was ${end} before it could be canceled.`
  const work = ref === undefined ? 'it has brought no work' : `its work is kept on ${ref}`
  return `${id} is canceled; ${work}. autopilot resume --only ${id} runs it again.`
}

function done(text: string): AnswerText {
  return { text, isRefused: false }
}

function refused(text: string, help?: string): AnswerText {
  return { text, isRefused: true, ...(help === undefined ? {} : { help }) }
}
