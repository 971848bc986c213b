import { lastAction } from '../../domain/agent/last-action.js'
import type { MonotonicMs } from '../../domain/brand.js'
import { later, type Clock } from '../../domain/clock.js'
import type { Answer } from '../../domain/run/control.js'
import type { RunRecord } from '../../domain/run/event.js'
import type { RunState } from '../../domain/run/run-state.js'
import { cleanLine, errorText } from '../../domain/text.js'
import { describeAnswer } from '../answer.js'
import type { Line } from '../describe.js'
import { showId, withinWorkspace } from '../format.js'
import { keyboardLines, press, untouched, type Keyboard } from '../live/keyboard.js'
import { piece } from '../live/screen-line.js'
import type { FootLine } from '../live/view.js'
import type { Act } from './contract.js'

/** How long an answer is shown, ms. */
const toldMs = 6_000
const longestLine = 400

export interface PersonParts {
  readonly act: Act
  readonly clock: Pick<Clock, 'monotonic'>
  /** Something that is to be seen has changed. */
  readonly onChanged: () => void
}

/** Whoever sits at the terminal: what they are typing, whom they listen to, and what they have been answered. */
export class Person {
  readonly #parts: PersonParts
  #keyboard: Keyboard = untouched
  #told: { readonly text: string; readonly until: MonotonicMs } | undefined

  constructor(parts: PersonParts) {
    this.#parts = parts
  }

  press(key: string, state: RunState): void {
    const { keyboard, order } = press(this.#keyboard, key, state)
    this.#keyboard = keyboard
    if (order) {
      this.#parts.act(order).then(
        (answer) => this.#tell(wordsOf(answer)),
        (error: unknown) => this.#tell(errorText(error)),
      )
    }
    this.#parts.onChanged()
  }

  /** They are about to choose one of the slots. */
  get isChoosing(): boolean {
    return this.#keyboard.mode.type === 'choosing'
  }

  /** What stands at the foot of the screen. */
  lines(state: RunState): readonly FootLine[] {
    const isHint = this.#keyboard.mode.type === 'watching'
    const lines = keyboardLines(this.#keyboard, state).map((line) => ({ line, isHint }))
    if (!this.#told || this.#told.until <= this.#parts.clock.monotonic()) return lines
    return [{ line: [piece(this.#told.text, 'warning')], isHint: false }, ...lines]
  }

  /** What the agent did to whom they listen. */
  hear(record: RunRecord, state: RunState): Line | undefined {
    if (record.type !== 'agent_reported' || record.taskId !== this.#keyboard.follows) return undefined
    const action = lastAction(record.event)
    if (action === undefined) return undefined
    const workspace = state.progress.get(record.taskId)?.course?.workspace ?? ''
    return {
      tone: 'plain',
      text: `${showId(record.taskId)} | ${cleanLine(withinWorkspace(action, workspace), longestLine)}`,
    }
  }

  #tell(text: string | undefined): void {
    if (text === undefined) return
    this.#told = { text: cleanLine(text, longestLine), until: later(this.#parts.clock.monotonic(), toldMs) }
    this.#parts.onChanged()
  }
}

/** What was done has an event of its own, which everybody sees. */
function wordsOf(answer: Answer): string | undefined {
  const { text, help, isRefused } = describeAnswer(answer)
  if (isRefused) return help === undefined ? text : `${text}; ${help}`
  return answer.type === 'slots' ? answer.why : undefined
}
