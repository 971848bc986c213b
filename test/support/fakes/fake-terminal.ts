import { EventEmitter } from 'node:events'

/** A terminal that remembers what a person would see: enough of one for a spinner and scrolling lines. */
export interface FakeTerminal {
  /** What the writer gets. */
  readonly stream: NodeJS.WriteStream
  /** What it shows, line by line from the first, without trailing blanks and colours. */
  lines(): readonly string[]
  readonly cursorVisible: boolean
}

/** A terminal of that many columns and rows on which nothing scrolls out of reach. */
export function fakeTerminal(columns = 80, rows = 24): FakeTerminal {
  const screen: string[] = ['']
  let [x, y] = [0, 0]
  let cursorVisible = true
  const put = (char: string) => {
    if (x >= columns) newLine()
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
    if (sequence === '\u001b[?25l') cursorVisible = false
    if (sequence === '\u001b[?25h') cursorVisible = true
  }
  const write = (text: string) => {
    for (const [part] of text.matchAll(/\u001b\[[0-9;?]*[a-zA-Z]|[^]/gu)) {
      if (part.startsWith('\u001b[')) obey(part)
      else if (part === '\n') newLine()
      else if (part === '\r') x = 0
      else put(part)
    }
    return true
  }
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    write,
    cursorTo: (to: number) => void (x = to),
    moveCursor: (dx: number, dy: number) => {
      x = Math.max(0, x + dx)
      y = Math.max(0, y + dy)
    },
    clearLine: (direction: number) => {
      const line = screen[y] ?? ''
      screen[y] = direction === 1 ? line.slice(0, x) : ''
    },
  })
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    lines: () => screen.map((line) => line.trimEnd()),
    get cursorVisible() {
      return cursorVisible
    },
  }
}
