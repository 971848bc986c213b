import { later, msBetween, type Clock } from '../../domain/clock.js'
import type { MonotonicMs } from '../../domain/brand.js'
import type { RunRecord } from '../../domain/run/event.js'
import type { RunState } from '../../domain/run/run-state.js'
import { plural } from '../../domain/text.js'
import { below, describe, type Line } from '../describe.js'
import { formatTime } from '../format.js'
import { frame } from '../live/frame.js'
import { paintLine } from '../live/screen-line.js'
import { chalkFor, painter, type Form } from '../paint.js'
import type { Act, Reporter } from './contract.js'
import { LiveRegion } from './live-region.js'
import { Person } from './person.js'

/** At most so often it draws, and so often it does if nothing happens but time. */
const pauseMs = 100
const tickMs = 1_000
/** So many lines are kept for a terminal that takes nothing. */
const maxWaiting = 1_000

export interface TerminalParts {
  readonly stream: NodeJS.WriteStream
  readonly form: Form
  readonly clock: Clock
  /** Whether the terminal is autopilot's now: in the background it draws nothing, and its lines are like those of other jobs. */
  readonly isInForeground: () => boolean
}

/** A reporter that can be told that the screen is not what it was, and what is typed. */
export interface TerminalReporter extends Required<Reporter> {
  redraw(): void
  /** There is somebody at the keys: returns what hears of each. `act` does what they order. */
  listen(act: Act): (key: string) => void
}

/**
 * For a terminal: the state of the run as a screen; what has happened scrolls above. Writes to `stream` (stderr), so that
 * stdout stays the result's.
 */
export function terminalReporter(parts: TerminalParts): TerminalReporter {
  return new LiveReporter(parts)
}

class LiveReporter implements TerminalReporter {
  readonly #stream: NodeJS.WriteStream
  readonly #clock: Clock
  readonly #isInForeground: () => boolean
  readonly #paint: ReturnType<typeof painter>
  readonly #chalk: ReturnType<typeof chalkFor>
  readonly #region: LiveRegion
  /** Lines that are to scroll above, and how many had no room to wait. */
  #above: string[] = []
  #missed = 0
  #last: { readonly state: RunState; readonly at: MonotonicMs } | undefined
  #drawnAt: MonotonicMs | undefined
  #next: { readonly at: MonotonicMs; readonly cancel: () => void } | undefined
  #bug: { readonly error: unknown } | undefined
  #person: Person | undefined
  #isClosed = false
  /** The terminal is the shell's for now. */
  #isSuspended = false
  readonly #onResize = () => this.redraw()

  constructor({ stream, form, clock, isInForeground }: TerminalParts) {
    this.#stream = stream
    this.#clock = clock
    this.#isInForeground = isInForeground
    this.#paint = painter(form)
    this.#chalk = chalkFor(form.hasColour)
    this.#region = new LiveRegion(stream)
    stream.on('resize', this.#onResize)
  }

  record(record: RunRecord, state: RunState): void {
    // Where a timer draws, nobody hears of it.
    if (this.#bug) throw this.#bug.error
    const heard = this.#person?.hear(record, state)
    if (heard) this.#scroll({ ...heard, text: `${formatTime(record.at)} ${heard.text}` })
    const line = describe(record, state)
    if (line && !line.onScreen) {
      this.#scroll({ ...line, text: `${formatTime(record.at)} ${line.text}` })
      for (const text of below(line)) this.#scroll({ tone: 'plain', text })
    }
    this.#last = { state, at: this.#clock.monotonic() }
    this.#drawSoon()
  }

  listen(act: Act): (key: string) => void {
    const person = new Person({ act, clock: this.#clock, onChanged: () => this.#drawSoon() })
    this.#person = person
    return (key) => {
      if (this.#isClosed || !this.#last) return
      try {
        person.press(key, this.#last.state)
      } catch (error) {
        this.#bug = { error }
      }
    }
  }

  redraw(): void {
    if (this.#isClosed) return
    this.#region.forget()
    this.#drawSoon()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#next?.cancel()
    this.#stream.off('resize', this.#onResize)
    const isHere = this.#isInForeground()
    this.#drawOn([])
    if (isHere) this.#region.close()
  }

  suspend(): void {
    if (this.#isClosed) return
    this.#isSuspended = true
    this.#region.close()
  }

  goOn(): void {
    this.#isSuspended = false
    this.redraw()
  }

  #scroll(line: Line): void {
    const painted = this.#paint(line)
    if (this.#isClosed) this.#stream.write(`${painted}\r\n`)
    else this.#keep(painted)
  }

  #keep(line: string): void {
    this.#above.push(line)
    if (this.#above.length <= maxWaiting) return
    this.#above.shift()
    this.#missed++
  }

  #takeAbove(): readonly string[] {
    const lines = this.#above
    const missed = this.#missed > 0 ? [`  … ${plural(this.#missed, 'line')} more, which the journal has`] : []
    this.#above = []
    this.#missed = 0
    return [...missed, ...lines]
  }

  #drawSoon(): void {
    if (this.#isClosed) return
    const now = this.#clock.monotonic()
    const at = this.#drawnAt === undefined ? now : later(this.#drawnAt, pauseMs)
    this.#drawAt(at < now ? now : at, now)
  }

  /** Unless it draws before that anyway. */
  #drawAt(at: MonotonicMs, now: MonotonicMs): void {
    if (this.#next && this.#next.at <= at) return
    this.#next?.cancel()
    const cancel = this.#clock.schedule(msBetween(now, at), () => {
      this.#next = undefined
      try {
        this.#draw()
      } catch (error) {
        this.#bug = { error }
      }
    })
    this.#next = { at, cancel }
  }

  #draw(): void {
    const now = this.#clock.monotonic()
    if (this.#last && !this.#last.state.finished && !this.#isSuspended) {
      this.#drawnAt = now
      // What a terminal has not taken yet is not overtaken.
      if (this.#stream.writableLength === 0) this.#drawOn(this.#lines(this.#last, now))
      this.#drawAt(later(now, tickMs), now)
    }
  }

  #drawOn(lines: readonly string[]): void {
    const above = this.#takeAbove()
    if (this.#isInForeground()) {
      this.#region.draw(above, lines)
      return
    }
    this.#region.leave()
    for (const line of above) this.#stream.write(`${line}\r\n`)
  }

  #lines({ state, at }: { readonly state: RunState; readonly at: MonotonicMs }, now: MonotonicMs): readonly string[] {
    const { columns, rows } = this.#stream
    // The state's own time stands still between events; that on the screen doesn't.
    const times = { ms: state.ms + msBetween(at, now), now: this.#clock.now() }
    const person = this.#person
    const view = { state, ...times, foot: person?.lines(state) ?? [], isChoosing: person?.isChoosing ?? false }
    return frame(view, { columns, rows }).map((line) => paintLine(line, this.#chalk))
  }
}
