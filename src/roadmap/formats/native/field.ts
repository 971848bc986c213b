import { durationForms, parseDuration } from '../../../domain/duration.js'
import { parseTokens, parseUsd, type Budget } from '../../../domain/accounts/budget.js'
import { nearest } from '../../../domain/nearest.js'
import { defaultPriority } from '../../../domain/roadmap/task.js'
import { addProblem, type Reading } from '../../../domain/roadmap/source.js'
import { entryOf, isNull, scalarText, type MapNode, type SourceNode } from '../../syntax/source-node.js'

/** One value of a task while it is read; `node` gives its position for messages. */
export interface Field {
  readonly reading: Reading
  readonly name: string
  readonly node: SourceNode
  readonly path: string
}

/** The field under the first of several names that has a value. */
export function fieldOf(reading: Reading, map: MapNode, path: string, ...names: string[]): Field | undefined {
  for (const name of names) {
    const entry = entryOf(map, name)
    if (entry && !isNull(entry.value)) return { reading, name, node: entry.value, path: joinPath(path, name) }
  }
  return undefined
}

export function joinPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** The value, or E061 with the accepted forms if it isn't valid. */
function accept<Value>(field: Field, value: Value | undefined, accepted: string): Value | undefined {
  if (value !== undefined) return value
  const { reading, name, node, path } = field
  const shown = scalarText(node)
  const what = shown === undefined ? `${name} has the wrong form` : `"${shown}" is not a valid ${name}`
  addProblem(reading, 'E061', node.start, what, { help: `${name} takes ${accepted}`, path })
  return undefined
}

/** A value that must be a string, because it decides what runs. */
export function readText(field: Field | undefined): string | undefined {
  if (!field) return undefined
  return accept(field, scalarText(field.node), 'a string')
}

/** The name of a provider, or several; E065 for an unknown one, because such a task could never start. */
export function readProviders(
  field: Field | undefined,
  known: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!field) return undefined
  const { node } = field
  const named = node.kind === 'list' ? node.items.map((item) => ({ ...field, node: item })) : [field]
  const names = named.flatMap((one) => readProvider(one, known) ?? [])
  return names.length === 0 ? undefined : names
}

function readProvider(field: Field, known: readonly string[] | undefined): string | undefined {
  const name = readText(field)
  if (name === undefined || !known || known.includes(name)) return name
  const near = nearest(name, known)
  const help = `${near === undefined ? '' : `did you mean ${near}? `}known providers: ${known.join(', ')}`
  addProblem(field.reading, 'E065', field.node.start, `unknown provider "${name}"`, { help, path: field.path })
  return undefined
}

/** A text for people and agents, from any value: lists line by line, maps as they are written. */
export function looseText(reading: Reading, node: SourceNode): string {
  if (node.kind === 'scalar') return scalarText(node) ?? ''
  if (node.kind === 'list') return node.items.map((item) => looseText(reading, item)).join('\n')
  return [...node.entries.values()].map(({ key, value }) => `${key}: ${looseText(reading, value)}`).join('; ')
}

/** A list of texts, or a single one; maps with one key (`- test: passes`, or prose with a colon) become text again. */
export function readTexts(field: Field | undefined): string[] {
  if (!field) return []
  const items = field.node.kind === 'list' ? field.node.items : [field.node]
  return items.map((item) => looseText(field.reading, item).trim()).filter((text) => text !== '')
}

/** In ms. */
export function readDuration(field: Field | undefined): number | undefined {
  return field && accept(field, parseDuration(scalarText(field.node) ?? ''), durationForms)
}

/** In ms. An estimate only helps to predict a run's end: one that is no number, such as `TBD`, is no mistake. */
export function readEstimate(field: Field | undefined, unitMs: number): number | undefined {
  const ms = Math.round(Number(scalarText(field?.node) ?? '') * unitMs)
  return ms > 0 && Number.isSafeInteger(ms) ? ms : undefined
}

const priorities: Readonly<Record<string, number>> = {
  critical: 0,
  high: 1,
  medium: defaultPriority,
  low: 3,
  p0: 0,
  p1: 1,
  p2: 2,
  p3: 3,
  p4: 4,
}

/** `critical` to `low`, `P0` to `P4`, or an integer; lower is more urgent. */
export function readPriority(field: Field | undefined): number | undefined {
  if (!field) return undefined
  const text = (scalarText(field.node) ?? '').toLowerCase()
  const word = Object.hasOwn(priorities, text) ? priorities[text] : undefined
  if (word !== undefined) return word
  const accepted = 'critical, high, medium, low, P0 to P4, or an integer from 0 to 1000000'
  const fine = /^\d{1,7}$/.test(text) && Number(text) <= 1_000_000
  return accept(field, fine ? Number(text) : undefined, accepted)
}

const complexities: Readonly<Record<string, number>> = {
  trivial: 1,
  simple: 3,
  low: 3,
  moderate: 5,
  medium: 5,
  complex: 8,
  high: 8,
  very_complex: 10,
}

/** Words that stand for numbers; complexities may have blanks or hyphens in place of underscores. */
export const numberWords = { priority: Object.keys(priorities), complexity: Object.keys(complexities) }

/** A score from 1 to 10, or a word for one. */
export function readComplexity(field: Field | undefined): number | undefined {
  if (!field) return undefined
  const text = (scalarText(field.node) ?? '').toLowerCase().replace(/[\s-]/g, '_')
  const word = Object.hasOwn(complexities, text) ? complexities[text] : undefined
  if (word !== undefined) return word
  const score = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0
  const fine = score >= 1 && score <= 10
  return accept(field, fine ? score : undefined, '1 to 10, or trivial, simple, moderate, complex, very-complex')
}

/** How often a task may be tried: 1 to 20. */
export function readMaxAttempts(field: Field | undefined): number | undefined {
  if (!field) return undefined
  const text = scalarText(field.node) ?? ''
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0
  return accept(field, count >= 1 && count <= 20 ? count : undefined, 'an integer from 1 to 20')
}

/** One word out of a few; case does not matter. */
export function readWord<Word extends string>(field: Field | undefined, words: readonly Word[]): Word | undefined {
  if (!field) return undefined
  const text = (scalarText(field.node) ?? '').toLowerCase()
  return accept(
    field,
    words.find((word) => word === text),
    words.join(' or '),
  )
}

/** Money or tokens: a number or `$5` (USD), or `{usd, tokens}`. */
export function readBudget(field: Field | undefined): Budget | undefined {
  if (!field) return undefined
  const accepted = 'a number or "$5" (US dollars), or {usd, tokens}, each above 0'
  if (field.node.kind !== 'map') {
    const usd = parseUsd(scalarText(field.node) ?? '')
    return accept(field, usd === undefined ? undefined : { usd }, accepted)
  }
  const amounts: { usd?: number; tokens?: number } = {}
  for (const { key, value } of field.node.entries.values()) {
    const text = scalarText(value) ?? ''
    const amount = key === 'usd' ? parseUsd(text) : key === 'tokens' ? parseTokens(text) : undefined
    if (amount === undefined) return accept<Budget>(field, undefined, accepted)
    amounts[key as 'usd' | 'tokens'] = amount
  }
  return accept(field, Object.keys(amounts).length === 0 ? undefined : amounts, accepted)
}
