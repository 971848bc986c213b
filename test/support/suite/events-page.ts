import { readFileSync } from 'node:fs'
import prettier from 'prettier'
import { eventFamilies, stampShape } from '../../../src/domain/run/event.js'
import type { Fields, Shape, Variants } from '../../../src/domain/shape/shape.js'
import { printedShape } from '../../../src/ui/printed.js'
import { projectRoot } from '../rigs/program.js'

const head = `
# Events and other output for programs

A run is a stream of events. \`--output json\` prints them on stdout as they happen, one JSON object per line; the
terminal, the plain lines, \`status\` and \`resume\` are views of the same stream. This page is generated from the program's
own description of the events, and a test compares it.

**Programs may rely on** the fields on this page, as long as \`v\` is the same. New events, fields, values and types of a
union may appear without a new \`v\`: ignore what you don't know. Optional fields are left out if there is nothing to say;
they are never \`null\`. Sentences (\`message\`, \`why\`, \`text\`, …) are for people and may change; use \`type\`, \`kind\` and
the like. Times are epoch ms, durations ms. Texts from outside contain no control characters, and secrets in them are
\`***\`; names (ids, branches, paths, commits) are as they are.

The journal of a run, \`.autopilot/runs/<run>/journal.jsonl\`, has the same lines with more fields that only autopilot
itself reads, to continue the run: don't rely on those. Another version of autopilot reads a journal, or refuses it and
names the version that wrote it.
`

/** The text of docs/events.md, made from the shapes. */
export async function eventsPage(): Promise<string> {
  const stamp = fieldsTable(objectFields(stampShape))
  const families = Object.entries(eventFamilies).map(([title, events]) => `## ${title}\n\n${variants(events, '###')}`)
  const printed = unionOf(printedShape)
  const others =
    '## Other lines\n\nWhat commands print with `--output json` besides the events of a run. These lines have no `v`, ' +
    `\`seq\`, \`at\` and \`ms\`.\n\n${variants(printed, '###')}`
  const shared = `## Shared parts\n\n${sharedParts([...Object.values(eventFamilies), printed])}`
  const intro = `Each line of a run has these fields, \`type\`, and the fields of that type.\n\n${stamp}`
  const page = [head.trim(), '## Every line', intro, ...families, others, shared].join('\n\n')
  const config = JSON.parse(readFileSync(`${projectRoot}/.config/prettier.json`, 'utf8')) as prettier.Options
  return prettier.format(page, { ...config, parser: 'markdown' })
}

function variants(all: Variants, level: string): string {
  return Object.entries(all)
    .filter(([, { own }]) => own !== true)
    .map(([type, { about, fields }]) =>
      [`${level} \`${type}\``, about, fieldsTable(fields)].filter(Boolean).join('\n\n'),
    )
    .join('\n\n')
}

export function sharedParts(catalogues: readonly Variants[]): string {
  const found = new Map<string, Shape>()
  for (const catalogue of catalogues) collect({ kind: 'union', variants: catalogue }, found)
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, shape]) => {
      const body = shape.kind === 'union' ? unionTable(shape.variants) : fieldsTable(objectFields(shape))
      return `### ${capital(title)}\n\n${body}`
    })
    .join('\n\n')
}

/** The types of a union, one below the other, each with its fields. */
function unionTable(all: Variants): string {
  const shown = Object.entries(all).filter(([, { own }]) => own !== true)
  const rows = shown.flatMap(([type, { about, fields }]) => [
    row(`**\`${type}\`**`, '', about),
    ...fieldRows('', fields),
  ])
  return table('`type` and its fields', rows)
}

export function fieldsTable(fields: Fields): string {
  const rows = fieldRows('', fields)
  return rows.length === 0 ? '' : table('field', rows)
}

function table(first: string, rows: readonly string[]): string {
  return [`| ${first} | is | |`, '| --- | --- | --- |', ...rows].join('\n')
}

function fieldRows(prefix: string, fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([key, shape]) => {
    if (shape.own) return []
    const [mark, inner] = inside(shape)
    const parts = inner.kind === 'object' && inner.title === undefined ? inner.fields : {}
    const type = `${typeOf(shape)}${shape.optional ? ', optional' : ''}`
    return [row(`\`${prefix}${key}\``, type, shape.about ?? ''), ...fieldRows(`${prefix}${key}${mark}.`, parts)]
  })
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** What a list or a map is of, and how its members are written in a path. */
function inside(shape: Shape): readonly [mark: string, inner: Shape] {
  if (shape.kind === 'list') return ['[]', shape.each]
  if (shape.kind === 'map') return ['{}', shape.each]
  return ['', shape.kind === 'or_null' ? shape.each : shape]
}

function typeOf(shape: Shape): string {
  if (shape.title !== undefined) return `[${shape.title}](#${shape.title.replaceAll(' ', '-')})`
  switch (shape.kind) {
    case 'text':
    case 'name':
    case 'number':
      return shape.kind
    case 'moment':
      return 'number'
    case 'flag':
      return '`true` or `false`'
    case 'one_of':
      return shape.values.map((value) => `\`${value}\``).join(', ')
    case 'list':
      return `list of ${typeOf(shape.each)}`
    case 'map':
      return `object, by name: ${typeOf(shape.each)}`
    case 'or_null':
      return `${typeOf(shape.each)} or \`null\``
    case 'object':
      return 'object'
    case 'union':
      return Object.keys(shape.variants).join(', ')
  }
}

function collect(shape: Shape, found: Map<string, Shape>): void {
  if (shape.own) return
  if (shape.title !== undefined) found.set(shape.title, shape)
  const inner = inside(shape)[1]
  if (inner !== shape) collect(inner, found)
  const shapes =
    shape.kind === 'union'
      ? Object.values(shape.variants).flatMap(({ own, fields }) => (own ? [] : Object.values(fields)))
      : shape.kind === 'object'
        ? Object.values(shape.fields)
        : []
  for (const part of shapes) collect(part, found)
}

export function objectFields(shape: Shape): Fields {
  return shape.kind === 'object' ? shape.fields : {}
}

function unionOf(shape: Shape): Variants {
  return shape.kind === 'union' ? shape.variants : {}
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
