import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser'
import { addProblem, maxErrors, type Reading } from '../../domain/roadmap/source.js'
import { addEntry, maxDepth, type MapEntry, type SourceNode } from './source-node.js'

/**
 * Reads JSON; comments and trailing commas are allowed (with W019). Returns nothing if the text isn't JSON; the
 * reading then has E020, or E008 for nesting that would overflow the parser's stack.
 */
export function readJson(reading: Reading, text: string): SourceNode | undefined {
  const deep = firstTooDeep(text)
  if (deep !== undefined) {
    addProblem(reading, 'E008', deep, `nested deeper than ${maxDepth} levels`, {
      help: 'use less nesting: a roadmap needs only a few levels',
    })
    return undefined
  }
  const strict: ParseError[] = []
  let tree = parseTree(text, strict, { disallowComments: true })
  const [first] = strict
  if (first) {
    const errors: ParseError[] = []
    tree = parseTree(text, errors, { allowTrailingComma: true })
    if (errors.length > 0) {
      reportErrors(reading, text, errors)
      return undefined
    }
    addProblem(
      reading,
      'W019',
      first.offset,
      'comments or trailing commas: autopilot reads them, but other JSON tools may not',
      {
        help: 'remove them, or keep the roadmap as YAML',
      },
    )
  }
  return tree && convert(reading, text, tree)
}

function reportErrors(reading: Reading, text: string, errors: readonly ParseError[]): void {
  for (const [index, { error, offset }] of errors.slice(0, maxErrors).entries()) {
    // The parser reports each bracket left open at the end of the file as a separate error.
    if (errors[index - 1]?.offset === offset) continue
    const what = printParseErrorCode(error)
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase()
    const near = nearestKey(text, offset)
    const after = near === undefined ? '' : ` after "${near}"`
    const end = offset >= text.trimEnd().length ? ': the file ends too early' : ''
    addProblem(reading, 'E020', offset, `this is not valid JSON: ${what}${after}${end}`, {
      help: 'look for a missing comma, quote or bracket at or just before this position',
    })
  }
}

/** The last key before an offset, searched only nearby. */
function nearestKey(text: string, offset: number): string | undefined {
  const keys = [...text.slice(Math.max(0, offset - 300), offset).matchAll(/"([^"\\\n]{1,60})"\s*:/g)]
  return keys.at(-1)?.[1]
}

/** Where brackets nest too deep, ignoring strings and comments. */
function firstTooDeep(text: string): number | undefined {
  let depth = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    if (depth > maxDepth) return index
  }
  return undefined
}

function convert(reading: Reading, text: string, node: Node): SourceNode {
  const place = { start: node.offset, end: node.offset + node.length, shared: false }
  if (node.type === 'array') {
    const items = (node.children ?? []).map((child) => convert(reading, text, child))
    return { kind: 'list', ...place, items, size: sizeOf(items) }
  }
  if (node.type === 'object') {
    const entries = new Map<string, MapEntry>()
    for (const property of node.children ?? []) addProperty(reading, text, entries, property)
    const size = sizeOf([...entries.values()].map((entry) => entry.value))
    return { kind: 'map', ...place, entries, flow: true, merges: false, size }
  }
  const value = node.value as string | number | boolean | null
  const source = typeof value === 'string' ? value : text.slice(place.start, place.end)
  return { kind: 'scalar', ...place, value, text: source, size: 1 }
}

function addProperty(reading: Reading, text: string, entries: Map<string, MapEntry>, property: Node): void {
  const [key, value] = property.children ?? []
  if (!key || !value) return
  const keyEnd = key.offset + key.length
  const entry = { key: String(key.value), keyStart: key.offset, keyEnd, merged: false }
  addEntry(reading, entries, { ...entry, value: convert(reading, text, value) })
}

function sizeOf(nodes: readonly SourceNode[]): number {
  return nodes.reduce((sum, node) => sum + node.size, 1)
}
