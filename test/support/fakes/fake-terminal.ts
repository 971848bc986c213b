import { EventEmitter } from 'node:events'

/** A terminal that remembers what a person would see: enough of one for lines that scroll and a region that is redrawn. */
export interface FakeTerminal {
  /** What the writer gets. */
  readonly stream: NodeJS.WriteStream
  /** What it shows, line by line from the first, without trailing blanks and colours. */
  lines(): readonly string[]
  /** Everything that was written, piece by piece. */
  readonly written: string[]
  readonly cursorVisible: boolean
  /** Takes nothing from now on, or again. */
  stall(isStalled: boolean): void
  /** Another size, without breaking lines anew. */
  resize(columns: number, rows: number): void
}

/** A terminal of that many columns and rows on which nothing scrolls out of reach. */
export function fakeTerminal(columns = 80, rows = 24): FakeTerminal {
  const screen: string[] = ['']
  const written: string[] = []
  let [x, y] = [0, 0]
  let cursorVisible = true
  let wraps = true
  const put = (char: string) => {
    if (x >= stream.columns) {
      if (wraps) newLine()
      else x = stream.columns - 1
    }
    const line = (screen[y] ?? '').padEnd(x)
    screen[y] = line.slice(0, x) + char + line.slice(x + 1)
    x++
  }
  const newLine = () => {
    x = 0
    y++
    screen[y] ??= ''
  }
  const obey = (sequence: string) => {
    const [, count = ''] = /^\u001b\[(\d*)[A-Z]$/.exec(sequence) ?? []
    if (sequence === '\u001b[?25l') cursorVisible = false
    else if (sequence === '\u001b[?25h') cursorVisible = true
    else if (sequence === '\u001b[?7l') wraps = false
    else if (sequence === '\u001b[?7h') wraps = true
    else if (sequence.endsWith('A')) y = Math.max(0, y - Number(count || 1))
    else if (sequence.endsWith('K')) screen[y] = (screen[y] ?? '').slice(0, x)
    else if (sequence === '\u001b[J') {
      screen[y] = (screen[y] ?? '').slice(0, x)
      screen.length = y + 1
    }
  }
  const write = (text: string) => {
    written.push(text)
    for (const [part] of text.matchAll(/\u001b\[[0-9;?]*[a-zA-Z]|[^]/gu)) {
      if (part.startsWith('\u001b[')) obey(part)
      else if (part === '\n') newLine()
      else if (part === '\r') x = 0
      else put(part)
    }
    return true
  }
  const stream = Object.assign(new EventEmitter(), { isTTY: true, columns, rows, writableLength: 0, write })
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    lines: () => screen.map((line) => line.trimEnd()),
    written,
    get cursorVisible() {
      return cursorVisible
    },
    stall: (isStalled) => void (stream.writableLength = isStalled ? 1 : 0),
    resize(toColumns, toRows) {
      Object.assign(stream, { columns: toColumns, rows: toRows })
      stream.emit('resize')
    },
  }
}
