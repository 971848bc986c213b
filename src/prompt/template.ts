import { nearest } from '../domain/nearest.js'
import { err, ok, type Result } from '../domain/result.js'

/** A parsed template: text, placeholders, and sections that disappear if their value is empty. */
export type TemplatePart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'value'; readonly name: string }
  | { readonly type: 'section'; readonly name: string; readonly parts: readonly TemplatePart[] }

interface OpenSection {
  readonly name: string
  readonly line: number
  readonly parts: TemplatePart[]
}

/** A tag, or text up to the next one. An unclosed pair of braces is text. */
const tokens = /\{\{[ \t]*([#/]?)[ \t]*([^{}\n]*?)[ \t]*\}\}/g

/**
 * Reads `{{name}}` and `{{#name}}…{{/name}}`, the only two things taken from Mustache. A section tag alone on its line
 * removes the line. The error names the line in the template.
 */
export function parseTemplate(template: string, names: readonly string[]): Result<readonly TemplatePart[], string> {
  const root: OpenSection = { name: '', line: 0, parts: [] }
  const open: OpenSection[] = [root]
  let end = 0
  for (const token of template.matchAll(tokens)) {
    const [whole, sign = '', name = ''] = token
    const line = template.slice(0, token.index).split('\n').length
    const section = open.at(-1) ?? root
    if (!names.includes(name)) return err(unknownName(line, name, names))
    const [from, to] =
      sign === '' ? [token.index, token.index + whole.length] : standalone(template, token.index, whole)
    section.parts.push({ type: 'text', text: template.slice(end, Math.max(end, from)) })
    end = to
    if (sign === '') section.parts.push({ type: 'value', name })
    else if (sign === '#') open.push({ name, line, parts: [] })
    else if (section === root || section.name !== name) return err(wrongClose(line, name, section, root))
    else closeSection(open)
  }
  const left = open.at(-1) ?? root
  if (left !== root) return err(`line ${left.line}: section {{#${left.name}}} is never closed: add {{/${left.name}}}.`)
  root.parts.push({ type: 'text', text: template.slice(end) })
  return ok(root.parts)
}

function closeSection(open: OpenSection[]): void {
  const closed = open.pop()
  if (closed) open.at(-1)?.parts.push({ type: 'section', name: closed.name, parts: closed.parts })
}

/** The range of text that a tag removes: the whole line if there is nothing else on it. */
function standalone(template: string, start: number, tag: string): readonly [from: number, to: number] {
  const lineStart = template.lastIndexOf('\n', start - 1) + 1
  const after = /^[ \t]*(?:\r?\n|$)/.exec(template.slice(start + tag.length, nextLine(template, start + tag.length)))
  const alone = template.slice(lineStart, start).trim() === '' && after !== null
  return alone ? [lineStart, start + tag.length + after[0].length] : [start, start + tag.length]
}

function nextLine(template: string, from: number): number {
  const feed = template.indexOf('\n', from)
  return feed < 0 ? template.length : feed + 1
}

function unknownName(line: number, name: string, names: readonly string[]): string {
  const near = nearest(name, names)
  const help = near === undefined ? `Known are ${names.join(', ')}.` : `Did you mean {{${near}}}?`
  return `line ${line}: unknown placeholder {{${name}}}. ${help}`
}

function wrongClose(line: number, name: string, section: OpenSection, root: OpenSection): string {
  const expected = section === root ? 'no section is open' : `{{#${section.name}}} of line ${section.line} is open`
  return `line ${line}: {{/${name}}} closes nothing: ${expected}.`
}

/** Fills in values literally: a value's content is never read as a template. */
export function fillTemplate(parts: readonly TemplatePart[], values: ReadonlyMap<string, string>): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text
      const value = values.get(part.name) ?? ''
      if (part.type === 'value') return value
      return value === '' ? '' : fillTemplate(part.parts, values)
    })
    .join('')
}
