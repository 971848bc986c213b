import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A test that the page of faults names. */
export interface NamedTest {
  /** From the project's root. */
  readonly file: string
  /** With the titles of the groups around it in front; what vitest fills in (`%s`) stands for any text. */
  readonly title: string
}

/** A row of `docs/faults.md`. */
export interface FaultRow {
  readonly number: number
  readonly fault: string
  readonly outcome: string
  readonly tests: readonly NamedTest[]
  /** Its last cell as it is; without tests, it says why there are none. */
  readonly shownBy: string
}

const page = fileURLToPath(new URL('../../../docs/faults.md', import.meta.url))

/** The rows of all tables of the page, in order. */
export function readFaultPage(): readonly FaultRow[] {
  return readFileSync(page, 'utf8')
    .split('\n')
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .filter((cells) => /^\d+$/.test(cells[1] ?? ''))
    .map(([, number, fault = '', outcome = '', shownBy = '']) => ({
      ...{ number: Number(number), fault, outcome, shownBy },
      tests: shownBy.split('<br>').flatMap(readNamedTest),
    }))
}

/** `[name](../test/…): title`; anything else is no test. */
function readNamedTest(text: string): readonly NamedTest[] {
  const [, file, title] = /^\[[^\]]+\]\(\.\.\/(test\/[^)]+\.test\.ts)\): (.+)$/.exec(text.trim()) ?? []
  return file === undefined || title === undefined ? [] : [{ file, title: title.replaceAll('\\', '') }]
}

/** What the full name of a test must be to be the one that the page names. */
export function patternOf({ title }: NamedTest): string {
  return title
    .split(/%[sdifjo#]/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`))
    .join('.*')
}
