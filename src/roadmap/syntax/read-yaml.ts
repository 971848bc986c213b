import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Alias,
  type Document,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { addProblem, maxErrors, type Reading } from '../../domain/roadmap/source.js'
import { addEntry, maxDepth, type MapEntry, type SourceNode } from './source-node.js'
import { addYamlError } from './yaml-error.js'

/** Nodes that aliases may multiply a file to. A "billion laughs" file passes it at once; real files never do. */
const maxExpanded = 1_000_000

interface Walk {
  readonly reading: Reading
  readonly text: string
  /** Anchors that some alias names: editing below them changes more than one place. */
  readonly aliased: ReadonlySet<string>
  readonly anchors: Map<string, SourceNode>
  /** Anchors that we are inside of, to see a value that holds itself. */
  readonly open: Set<string>
  failed: boolean
}

/**
 * Reads one YAML document: the core schema, so that dates and `no` stay strings, with merge keys. Nothing is returned
 * when the text is not YAML; the reading then has the errors, E009 to E017.
 */
export function readYaml(reading: Reading, text: string): SourceNode | undefined {
  // A lone CR ends a line for people, not for the parser; the length stays, so offsets do.
  const source = text.replace(/\r(?!\n)/g, '\n')
  const document = parse(reading, source)
  if (!document) return undefined
  for (const error of document.errors.slice(0, maxErrors)) addYamlError(reading, error)
  if (document.errors.length > 0) return undefined
  for (const warning of document.warnings) {
    if (warning.code !== 'TAG_RESOLVE_FAILED') continue
    addProblem(
      reading,
      'W018',
      warning.pos[0],
      `tag ${source.slice(...warning.pos)} ignored: the value is used as it is`,
    )
  }
  const walk: Walk = {
    reading,
    text: source,
    aliased: aliasNames(document),
    anchors: new Map(),
    open: new Set(),
    failed: false,
  }
  const node = document.contents === null ? nullAt(0) : convert(walk, document.contents, 0, false)
  return walk.failed ? undefined : node
}

/** The parser recurses; a file made to overflow its stack is too deep. */
function parse(reading: Reading, text: string): Document.Parsed | undefined {
  try {
    // Keys are compared by addEntry, which can name both places and takes linear time.
    return parseDocument(text, { merge: true, uniqueKeys: false, prettyErrors: false })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    addProblem(reading, 'E008', 0, 'the file is nested too deep', {
      help: 'use less nesting: a roadmap needs only a few levels',
    })
    return undefined
  }
}

/** Names that aliases use, found in the text: a name too many only makes a value count as shared. */
function aliasNames(document: Document.Parsed): Set<string> {
  const names = new Set<string>()
  const waiting: unknown[] = [document.contents]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (isAlias(node)) names.add(node.source)
    else if (isSeq(node)) for (const item of node.items) waiting.push(item ?? nothing)
    else if (isMap(node)) for (const pair of node.items) waiting.push(pair.key ?? nothing, pair.value ?? nothing)
  }
  return names
}

const nothing = Symbol('no node')

function convert(walk: Walk, node: ParsedNode, depth: number, within: boolean): SourceNode {
  if (walk.failed) return nullAt(0)
  const [start] = node.range
  if (depth > maxDepth) {
    return fail(
      walk,
      'E008',
      start,
      `nested deeper than ${maxDepth} levels`,
      'use less nesting: a roadmap needs only a few levels',
    )
  }
  if (isAlias(node)) return resolve(walk, node)
  const shared = within || (node.anchor !== undefined && walk.aliased.has(node.anchor))
  if (node.anchor !== undefined) walk.open.add(node.anchor)
  const result = convertValue(walk, node, depth, shared)
  if (node.anchor !== undefined) {
    walk.open.delete(node.anchor)
    walk.anchors.set(node.anchor, result)
  }
  if (result.size > maxExpanded) {
    return fail(walk, 'E017', start, 'too many aliases', 'write the values out instead of nesting aliases')
  }
  return result
}

function convertValue(walk: Walk, node: Exclude<ParsedNode, Alias.Parsed>, depth: number, shared: boolean): SourceNode {
  const place = { start: node.range[0], end: node.range[1], shared }
  if (isSeq(node)) {
    const items = node.items.map((item) => convert(walk, item, depth + 1, shared))
    return { kind: 'list', ...place, items, size: items.reduce((sum, item) => sum + item.size, 1) }
  }
  if (isMap(node)) return { kind: 'map', ...place, ...convertEntries(walk, node, depth, shared) }
  return { kind: 'scalar', ...place, ...scalarValue(node), size: 1 }
}

function scalarValue({ value, source }: Scalar.Parsed): { value: string | number | boolean | null; text: string } {
  if (typeof value === 'string') return { value, text: value }
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return { value, text: source }
  return { value: source, text: source }
}

function convertEntries(walk: Walk, map: YAMLMap.Parsed, depth: number, shared: boolean) {
  const entries = new Map<string, MapEntry>()
  const merges: SourceNode[] = []
  for (const { key, value } of map.items) {
    const [keyStart, keyEnd] = key.range
    const node = value === null ? nullAt(keyEnd) : convert(walk, value, depth + 1, shared)
    if (isScalar(key) && key.type === 'PLAIN' && key.source === '<<') merges.push(node)
    else addEntry(walk.reading, entries, { key: keyText(walk, key), keyStart, keyEnd, value: node, merged: false })
  }
  // Entries of the map itself win over merged ones, and an earlier merged map over a later one.
  for (const merged of merges.flatMap((node) => (node.kind === 'list' ? node.items : [node]))) {
    for (const entry of merged.kind === 'map' ? merged.entries.values() : []) {
      if (!entries.has(entry.key)) entries.set(entry.key, { ...entry, merged: true })
    }
  }
  let size = 1
  for (const entry of entries.values()) size += entry.value.size
  return { entries, flow: map.flow === true, merges: merges.length > 0, size }
}

function keyText({ text }: Walk, key: ParsedNode): string {
  if (!isScalar(key)) return text.slice(key.range[0], key.range[1])
  return typeof key.value === 'string' ? key.value : key.source
}

/** An alias stands for its anchor's value, at the alias's own place. */
function resolve(walk: Walk, alias: Alias.Parsed): SourceNode {
  const [start, end] = alias.range
  const target = walk.anchors.get(alias.source)
  if (walk.open.has(alias.source)) {
    return fail(walk, 'E017', start, `"*${alias.source}" is inside the value that it refers to`, 'write the value out')
  }
  if (!target) {
    const help = 'define it with & first, or put the value in quotes'
    return fail(walk, 'E017', start, `unknown anchor "${alias.source}"`, help)
  }
  return { ...target, start, end, shared: true }
}

function fail(walk: Walk, code: string, offset: number, text: string, help: string): SourceNode {
  walk.failed = true
  addProblem(walk.reading, code, offset, text, { help })
  return nullAt(offset)
}

function nullAt(offset: number): SourceNode {
  return { kind: 'scalar', start: offset, end: offset, shared: false, size: 1, value: null, text: '' }
}
