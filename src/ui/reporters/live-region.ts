/** What is written to. */
export type Screen = Pick<NodeJS.WriteStream, 'write'>

const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'
/** Terminals that know it show what is between the two at once; others ignore it. */
const [beginUpdate, endUpdate] = ['\u001b[?2026h', '\u001b[?2026l']
/** Off: what is too wide after all, since terminals differ about some emoji, is cut instead of filling another row. */
const [wrapOff, wrapOn] = ['\u001b[?7l', '\u001b[?7h']
const clearBelow = '\u001b[J'
const clearRight = '\u001b[K'

/**
 * The lower part of a terminal, drawn again and again, with lines that scroll above it.
 *
 * Between two drawings the cursor stands at its first character. A window that is made narrower breaks the lines anew, in
 * some terminals, and the cursor stays with its character: so all that was drawn is below it, whatever became of it. A
 * library that counts the lines it has drawn would erase too few of them, or too many.
 */
export class LiveRegion {
  readonly #screen: Screen
  #drawn: readonly string[] = []
  #isHere = false

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** `above` scrolls; `lines` are the region, none wider than the window. Only what has changed is written. */
  draw(above: readonly string[], lines: readonly string[]): void {
    const before = this.#drawn
    const isSame = above.length === 0 && lines.length === before.length
    if (isSame && lines.every((line, index) => line === before[index])) return
    this.#drawn = lines
    this.#isHere = true
    const region = isSame ? lines.map((line, index) => (line === before[index] ? '' : redrawn(line))) : lines
    const start = isSame ? '' : clearBelow + above.map((line) => `${line}\r\n`).join('')
    this.#screen.write(
      `${beginUpdate}${hideCursor}\r${start}${wrapOff}${region.join('\r\n')}${wrapOn}${toStart(lines.length)}${endUpdate}`,
    )
  }

  /** What is on the screen is not what was drawn: everything is drawn next time. */
  forget(): void {
    this.#drawn = []
  }

  /** The terminal is somebody else's for now: nothing of it is touched but the cursor, which comes back. */
  leave(): void {
    if (this.#isHere) this.#screen.write(showCursor)
    this.#isHere = false
    this.forget()
  }

  /** Leaves only what has scrolled above, and a cursor. */
  close(): void {
    if (this.#isHere) this.#screen.write(`\r${clearBelow}${showCursor}`)
    this.#isHere = false
    this.forget()
  }
}

/** Cleared first: at the end of a line that fills the window, the cursor stands on its last character. */
function redrawn(line: string): string {
  return clearRight + line
}

function toStart(lines: number): string {
  return lines > 1 ? `\u001b[${lines - 1}A\r` : '\r'
}
