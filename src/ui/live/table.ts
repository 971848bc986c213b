import { padText, piece, type PieceTone, type ScreenLine } from './screen-line.js'
import stringWidth from 'string-width'

/** A column of a table that must fit. */
export interface Column {
  readonly cells: readonly string[]
  readonly tone: PieceTone
  readonly align?: 'right'
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
    fitting.flatMap(({ cells, tone, align }, index) => {
      const isLast = index === fitting.length - 1
      const text = padText(cells[row] ?? '', widths[index] ?? 0, align === 'right' ? 'right' : 'left')
      return [piece(isLast ? text.trimEnd() : text + ' '.repeat(gap), tone)]
    }),
  )
}

function withoutEmpty(columns: readonly Column[]): readonly Column[] {
  return columns.filter(({ cells }) => cells.some((cell) => cell !== ''))
}

/** Those that have room at their least widths. */
function fittingColumns(all: readonly Column[], columns: number): readonly Column[] {
  let left = all
  for (;;) {
    const least = left.reduce((sum, { widths }) => sum + (widths.at(-1) ?? 0), gap * (left.length - 1))
    const next = [...left].filter(({ leaves }) => leaves !== undefined).sort((a, b) => (a.leaves ?? 0) - (b.leaves ?? 0))
    const [first] = next
    if (least <= columns || !first) return left
    left = left.filter((column) => column !== first)
  }
}

function widthsOf(columns: readonly Column[], room: number): readonly number[] {
  let widths = columns.map(({ cells }) => cells.reduce((most, cell) => Math.max(most, stringWidth(cell)), 0))
  const turns = Math.max(...columns.map((column) => column.widths.length))
  for (let turn = 0; turn < turns; turn++) {
    let excess = widths.reduce((sum, width) => sum + width, 0) - room
    if (excess <= 0) break
    // The widest gives first, as far as this turn's width.
    const order = widths.map((width, index) => ({ width, index })).sort((a, b) => b.width - a.width)
    const next = [...widths]
    for (const { width, index } of order) {
      const floor = columns[index]?.widths[Math.min(turn, (columns[index]?.widths.length ?? 1) - 1)] ?? 0
      const given = Math.min(excess, Math.max(0, width - floor))
      next[index] = width - given
      excess -= given
    }
    widths = next
  }
  return widths
}
