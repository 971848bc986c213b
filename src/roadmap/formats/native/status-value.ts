import type { StatusValue } from '../contract.js'
import type { TaskStatus } from '../../../domain/roadmap/task.js'
import type { Encoding } from '../../syntax/decode.js'
import { lineAt, type Source } from '../../../domain/roadmap/source.js'
import { entryOf, type MapEntry, type MapNode } from '../../syntax/source-node.js'

/** How a file is written: what a status value needs to know besides its own position. */
export interface FileManner {
  readonly source: Source
  readonly format: 'yaml' | 'json'
  readonly encoding: Encoding
  /** The file's own word for done. */
  readonly done: string
}

/** Finds where a task's status is written, or where to insert it. */
export function locateStatus(style: FileManner, node: MapNode, status: TaskStatus): StatusValue {
  const entry = ['status', 'completed', 'passes'].map((key) => entryOf(node, key)).find((found) => found !== undefined)
  const shared = node.shared || (entry && (entry.merged || entry.value.shared || entry.value.kind !== 'scalar'))
  const edit = shared === true ? undefined : entry ? replacement(style, entry) : insertion(style, node)
  if (!edit) return { kind: 'shared', status, line: lineAt(style.source, entry?.value.start ?? node.start) }
  const before = style.source.text.slice(edit.start, edit.end)
  return { kind: 'edit', plain: false, ...edit, before, status }
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly plain?: boolean
}

function replacement(
  { source, format, encoding, done }: FileManner,
  { key, keyEnd, value }: MapEntry,
): Edit | undefined {
  const { start, end } = value
  const before = source.text.slice(start, end)
  if (key !== 'status') return { start, end, text: 'true', plain: true }
  if (format === 'json' || before.startsWith('"'))
    return { start, end, text: `"${done}"`, plain: !/[\r\n]/.test(before) }
  if (before.startsWith("'")) return { start, end, text: `'${done}'`, plain: !/[\r\n]/.test(before) }
  if (/^[|>]/.test(before)) return { start, end, text: /[\r\n]$/.test(before) ? `${done}${encoding.eol}` : done }
  if (before !== '') return { start, end, text: done, plain: /^[A-Za-z_-]+$/.test(before) }
  // An empty value: right after its colon, because the parser may place it after a comment.
  const colon = source.text.indexOf(':', keyEnd)
  return colon < 0 || colon > start ? undefined : { start: colon + 1, end: colon + 1, text: ` ${done}` }
}

/** After the title, else the id, else the first entry. */
function insertion(style: FileManner, node: MapNode): Edit | undefined {
  const own = [...node.entries.values()].filter((entry) => !entry.merged)
  const anchor = ['title', 'id', 'name', 'goal', 'subject'].flatMap(
    (key) => own.find((entry) => entry.key === key) ?? [],
  )
  const entry = anchor[0] ?? own[0]
  if (!entry) return undefined
  return node.flow ? insideBraces(style, node, entry) : ownLine(style, entry)
}

/** A new line with the indentation and line ending of the entry. */
function ownLine({ source, encoding, done }: FileManner, entry: MapEntry): Edit {
  const { text, lineStarts } = source
  const column = entry.keyStart - (lineStarts[lineAt(source, entry.keyStart) - 1] ?? 0)
  const line = `${' '.repeat(column)}status: ${done}`
  const { end } = entry.value
  // Folded and literal text ends after its last line break.
  if (end > 0 && /[\r\n]/.test(text.charAt(end - 1))) return { start: end, end, text: `${line}${encoding.eol}` }
  const rest = /[^\r\n]*/y
  rest.lastIndex = end
  const at = end + (rest.exec(text)?.[0].length ?? 0)
  const lineStart = entry.keyStart - column
  const plain = isPlainLine(text.slice(lineStart, entry.keyStart), text.slice(entry.keyStart, at))
  return { start: at, end: at, text: `${encoding.eol}${line}`, plain }
}

/**
 * In a block map, after a simple key with its value on the same line, another line with that indentation is another
 * entry, whatever else the file contains.
 */
function isPlainLine(indent: string, entry: string): boolean {
  return /^ *(?:- +)*$/.test(indent) && /^[\w-]+: +[^\s&*!|>#][^\r\n]*$/.test(entry)
}

/** In JSON and flow maps: after the entry, on its own line if the entries have their own lines. */
function insideBraces({ source, format, encoding, done }: FileManner, node: MapNode, entry: MapEntry): Edit {
  const { text, lineStarts } = source
  const quoted = format === 'json' || text.charAt(entry.keyStart) === '"'
  const indent = text.slice(lineStarts[lineAt(source, entry.keyStart) - 1], entry.keyStart)
  const lines = /^[ \t]+$/.test(indent) && /[\r\n]/.test(text.slice(node.start, entry.keyStart))
  const spaced = !quoted || /^\s*:\s/.test(text.slice(entry.keyEnd, entry.keyEnd + 10))
  const gap = spaced ? ' ' : ''
  const pair = quoted ? `"status":${gap}"${done}"` : `status: ${done}`
  const { end } = entry.value
  return { start: end, end, text: lines ? `,${encoding.eol}${indent}${pair}` : `,${gap}${pair}` }
}
