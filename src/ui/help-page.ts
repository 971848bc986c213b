/** Longer lines are hard to read. */
const longestLine = 100
const usualLine = 80

/** A page of Markdown as a terminal shows it best: wrapped, tables as lists, without marks. */
export function helpPage(markdown: string, columns = usualLine): string {
  const width = Math.max(20, Math.min(columns, longestLine))
  const blocks = blocksOf(markdown.replace(/<!--[^]*?-->\n?/g, ''))
  return `${blocks.map((lines) => blockText(lines, width)).join('\n\n')}\n`
}

/** Parted by blank lines, but not inside a fence. */
function blocksOf(text: string): readonly (readonly string[])[] {
  const blocks: string[][] = []
  let isOpen = false
  let isFenced = false
  for (const line of text.split('\n')) {
    const isFence = /^\s*```/.test(line)
    if (line.trim() === '' && !isFenced) {
      isOpen = false
      continue
    }
    // A fence stands by itself.
    if (!isOpen || (isFence && !isFenced)) blocks.push([])
    blocks.at(-1)?.push(line)
    isOpen = !(isFence && isFenced)
    if (isFence) isFenced = !isFenced
  }
  return blocks
}

function blockText(lines: readonly string[], width: number): string {
  const [first = ''] = lines
  if (/^\s*```/.test(first))
    return lines
      .filter((line) => !/^\s*```/.test(line))
      .map((line) => `    ${line}`.trimEnd())
      .join('\n')
  const heading = /^(#+) (.*)$/.exec(first)
  if (heading) {
    const title = plain(heading[2] ?? '')
    const below = lines.length > 1 ? `\n${blockText(lines.slice(1), width)}` : ''
    return (heading[1]?.length ?? 0) <= 2 ? `${title.toUpperCase()}${below}` : `${title}${below}`
  }
  if (first.trimStart().startsWith('|')) return tableText(lines, width)
  return itemsOf(lines)
    .map(({ mark, text }) => wrapped(`${mark}${plain(text)}`, width, ' '.repeat(mark.length)))
    .join('\n')
}

/** List items with the lines that belong to each; a paragraph is one without a mark. */
function itemsOf(lines: readonly string[]): readonly { readonly mark: string; readonly text: string }[] {
  const items: { mark: string; text: string }[] = []
  for (const line of lines) {
    const [, mark, text = ''] = /^(\s*(?:[-*]|\d+\.) )(.*)$/.exec(line) ?? []
    const last = items.at(-1)
    if (mark !== undefined) items.push({ mark, text })
    else if (last) last.text += ` ${line.trim()}`
    else items.push({ mark: '', text: line.trim() })
  }
  return items
}

/** Each row as an entry: its first cell, and below it the others. */
function tableText(lines: readonly string[], width: number): string {
  const [head = [], , ...rows] = lines.map(cellsOf)
  return rows
    .map(([name = '', ...cells]) => {
      const below = cells.flatMap((cell, index) => {
        const label = head[index + 1] ?? ''
        return cell === '' ? [] : [wrapped(`      ${label === '' ? '' : `${label}: `}${cell}`, width, '      ')]
      })
      return [wrapped(`  ${name}`, width, '  '), ...below].join('\n')
    })
    .join('\n')
}

function cellsOf(line: string): readonly string[] {
  const cells = line
    .trim()
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split(/(?<!\\)\|/)
  return cells.map((cell) => plain(cell.replaceAll('\\|', '|').replaceAll('<br>', '; ').trim()))
}

/** Without the marks of Markdown. */
function plain(text: string): string {
  return text
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replace(/``? ?(.+?) ?``?/g, '$1')
}

function wrapped(text: string, width: number, indent: string): string {
  const start = /^ */.exec(text)?.[0] ?? ''
  const lines: string[] = []
  let line = start
  for (const word of text.trim().split(/ +/)) {
    const isFirst = line.trim() === ''
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line)
      line = `${indent}${word}`
    } else line += isFirst ? word : ` ${word}`
  }
  return [...lines, line].join('\n')
}
