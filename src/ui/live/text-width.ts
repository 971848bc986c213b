import stringWidth from 'string-width'

/** What a terminal shows in one column, and what it shows in one or two: the most of what is ever shown. */
const narrow = /^[ -~…·→“”█░]*$/
const plain = /^[ -~…·→“”█░\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff\uac00-\ud7a3]*$/
const firstWide = 0x3001

const segmenter = new Intl.Segmenter()
/** Of all other texts, which are looked at character by character; many are shown again. */
const known = new Map<string, number>()
const mostKnown = 2_000

/** How many columns a text takes: a CJK character or an emoji takes two. */
export function widthOfText(text: string): number {
  if (narrow.test(text)) return text.length
  return plain.test(text) ? widthOfPlain(text) : (known.get(text) ?? learn(text))
}

function widthOfPlain(text: string): number {
  let width = text.length
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) >= firstWide) width++
  return width
}

function learn(text: string): number {
  if (known.size >= mostKnown) known.clear()
  const width = stringWidth(text)
  known.set(text, width)
  return width
}

/** As much of a text as fits into so many columns, with an ellipsis in place of what is cut. */
export function fitText(text: string, columns: number): string {
  if (widthOfText(text) <= columns) return text
  return columns > 0 ? `${start(text, columns - 1)}…` : ''
}

function start(text: string, columns: number): string {
  if (narrow.test(text)) return text.slice(0, columns)
  let end = 0
  let width = 0
  for (const character of plain.test(text) ? text : characters(text)) {
    width += widthOfText(character)
    if (width > columns) break
    end += character.length
  }
  return text.slice(0, end)
}

function* characters(text: string): Generator<string> {
  for (const { segment } of segmenter.segment(text)) yield segment
}

/** A text that fills so many columns: cut, or padded by what a terminal shows. */
export function padText(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const fitting = fitText(text, columns)
  const blanks = ' '.repeat(Math.max(0, columns - widthOfText(fitting)))
  return side === 'left' ? fitting + blanks : blanks + fitting
}
