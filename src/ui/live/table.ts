import { piece, type PieceTone, type ScreenLine } from './screen-line.js'
import { padText, widthOfText } from './text-width.js'

/** A column of a table that must fit. */
export interface Column {
  readonly cells: readonly string[]
  readonly tone: PieceTone
  readonly align?: 'left' | 'right'
  /** Widths to which it gives way, widest first: columns give way in turns, and the last width is the least. */
  readonly widths: readonly number[]
  /** Columns leave in this order where even the least widths are too much; the one without stays. */
  readonly leaves?: number
}

const gap = 2

/** The rows of a table of these columns, none wider than `columns`. */
export function layOutTable(all: readonly Column[], columns: number): readonly ScreenLine[] {
  const shown = withoutEmpty(all)
  const fitting = fittingColumns(shown, columns)
  const widths = widthsOf(fitting, columns - gap * (fitting.length - 1))
  const rows = fitting[0]?.cells.length ?? 0
  return Array.from({ length: rows }, (_, row) =>
    trimmed(
      fitting.map(({ cells, tone, align = 'left' }, index) => {
        return piece(padText(cells[row] ?? '', widths[index] ?? 0, align) + ' '.repeat(gap), tone)
      }),
    ),
  )
}

/** Without what is blank at its end. */
function trimmed(line: ScreenLine): ScreenLine {
  const last = line.findLastIndex(({ text }) => text.trim() !== '')
  return line.slice(0, last + 1).map((one, index) => (index === last ? { ...one, text: one.text.trimEnd() } : one))
}

function withoutEmpty(columns: readonly Column[]): readonly Column[] {
  return columns.filter(({ cells }) => cells.some((cell) => cell !== ''))
}

/** Those that have room at their least widths. */
function fittingColumns(all: readonly Column[], columns: number): readonly Column[] {
  let left = all
  for (;;) {
    const least = left.reduce((sum, { widths }) => sum + (widths.at(-1) ?? 0), gap * (left.length - 1))
    const next = [...left]
      .filter(({ leaves }) => leaves !== undefined)
      .sort((a, b) => (a.leaves ?? 0) - (b.leaves ?? 0))
    const [first] = next
    if (least <= columns || !first) return left
    left = left.filter((column) => column !== first)
  }
}

/** How far a column gives way in a turn. */
function floorOf({ widths }: Column, turn: number): number {
  return widths[Math.min(turn, widths.length - 1)] ?? 0
}

function widthsOf(columns: readonly Column[], room: number): readonly number[] {
  const widths = columns.map((column, index) => {
    return { column, index, width: column.cells.reduce((most, cell) => Math.max(most, widthOfText(cell)), 0) }
  })
  let excess = widths.reduce((sum, { width }) => sum + width, -room)
  const turns = Math.max(...columns.map((column) => column.widths.length))
  for (let turn = 0; turn < turns && excess > 0; turn++) {
    // The widest gives first.
    for (const one of widths.toSorted((a, b) => b.width - a.width)) {
      const given = Math.min(excess, Math.max(0, one.width - floorOf(one.column, turn)))
      one.width -= given
      excess -= given
    }
  }
  return widths.map(({ width }) => width)
}
