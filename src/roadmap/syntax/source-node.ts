import { cleanLine } from '../../domain/text.js'
import { addProblem, lineAt, type Reading } from '../../domain/roadmap/source.js'

/**
 * The data of a YAML or JSON file with the place of each value: one shape for both, so that everything after the
 * parser is written once. Offsets are UTF-16 units into the source's text.
 */
export type SourceNode = ScalarNode | ListNode | MapNode

interface Extent {
  readonly start: number
  readonly end: number
  /** The same text serves more than one place in the data (anchor, alias, merge): it must not be edited for one. */
  readonly shared: boolean
  /** Nodes below and including this one, aliases expanded: what a walk over it costs. */
  readonly size: number
}

export interface ScalarNode extends Extent {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** As written, so that `1.10` stays `1.10`; for strings the same as the value. */
  readonly text: string
}

export interface ListNode extends Extent {
  readonly kind: 'list'
  readonly items: readonly SourceNode[]
}

export interface MapNode extends Extent {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, MapEntry>
  /** Written in braces. */
  readonly flow: boolean
  /** Some entries came from a merge key. */
  readonly merges: boolean
}

export interface MapEntry {
  readonly key: string
  readonly keyStart: number
  readonly keyEnd: number
  readonly value: SourceNode
  /** Came through a merge key, so it is written elsewhere. */
  readonly merged: boolean
}

/** Nesting beyond this is refused. Source: no real roadmap nests deeper than about ten levels. */
export const maxDepth = 100

/** What may stand in a map under one key; an alias counts at its own place. */
export function entryOf(node: MapNode, key: string): MapEntry | undefined {
  return node.entries.get(key)
}

/** The text of a scalar as written; nothing for null, lists and maps. */
export function scalarText(node: SourceNode | undefined): string | undefined {
  return node?.kind === 'scalar' && node.value !== null ? node.text : undefined
}

export function isNull(node: SourceNode): boolean {
  return node.kind === 'scalar' && node.value === null
}

/** Adds an entry, or reports that its key appears twice in the same map (JSON parsers silently keep the last one). */
export function addEntry(reading: Reading, entries: Map<string, MapEntry>, entry: MapEntry): void {
  const first = entries.get(entry.key)
  if (!first || first.merged) {
    entries.set(entry.key, entry)
    return
  }
  const line = lineAt(reading.source, first.keyStart)
  const values = [first, entry].map(({ value }) => cleanLine(scalarText(value) ?? '…', 40))
  const both = ` (${values.join(', then ')})`
  addProblem(reading, 'E015', entry.keyStart, `"${entry.key}" appears twice here, first at line ${line}${both}`, {
    help: 'remove one of the two',
  })
}
