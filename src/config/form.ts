import { anyCase, type JsonSchema } from '../domain/json-schema.js'

/** How a value is written, as plain data: JSON Schemas, the documentation and completions are made from it. */
export type Form =
  | { readonly kind: 'whole'; readonly min: number; readonly max: number }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** `orNone`: 0 is fine, too. */
  | { readonly kind: 'duration'; readonly orNone: boolean }
  | { readonly kind: 'usd' }
  | { readonly kind: 'switch' }
  | { readonly kind: 'text' }
  /** `about`: in words for people. */
  | { readonly kind: 'pattern'; readonly pattern: string; readonly about: string }
  | { readonly kind: 'list'; readonly each: Form }

const units = '(?:ms|s|m|h|d)'

/** What a configuration may have in this form: a setting is read from its text, so `"5"` is as good as `5`. */
export function schemaOfForm(form: Form): JsonSchema {
  switch (form.kind) {
    case 'whole':
      return orText({ type: 'integer', minimum: form.min, maximum: form.max }, '\\d+')
    case 'words':
      return { enum: form.words }
    case 'duration': {
      const some = form.orNone ? '' : '(?=.*[1-9])'
      const least = { type: 'integer', minimum: form.orNone ? 0 : 1 }
      return orText(least, `${some}(?:\\d+|(?:\\d+(?:\\.\\d+)?${units})+)`)
    }
    case 'usd':
      return orText({ type: 'number', exclusiveMinimum: 0 }, '(?=.*[1-9])\\$?\\d{1,9}(?:\\.\\d{1,9})?')
    case 'switch': {
      const words = anyCase(['1', 'true', 'yes', 'on', '0', 'false', 'no', 'off'])
      return {
        anyOf: [{ type: 'boolean' }, { enum: ['on', 'off', 1, 0] }, { type: 'string', pattern: `^(?:${words})?$` }],
      }
    }
    case 'text':
      return { type: ['string', 'number', 'boolean'], pattern: '\\S' }
    case 'pattern':
      return { type: ['string', 'number', 'boolean'], pattern: form.pattern }
    case 'list':
      return { type: 'array', items: schemaOfForm(form.each) }
  }
}

function orText(schema: JsonSchema, pattern: string): JsonSchema {
  return { anyOf: [schema, { type: 'string', pattern: `^\\s*${pattern}\\s*$` }] }
}

/** What is accepted, in a few words. */
export function acceptedBy(form: Form): string {
  switch (form.kind) {
    case 'whole':
      return `${form.min} to ${form.max}`
    case 'words':
      return form.words.join(', ')
    case 'duration':
      return `a duration such as 90s, 45m, 1h30m${form.orNone ? ', or 0' : ''}`
    case 'usd':
      return 'US dollars, such as 5 or 2.50'
    case 'switch':
      return 'on, off'
    case 'text':
      return 'a text'
    case 'pattern':
      return form.about
    case 'list':
      return `a list: ${acceptedBy(form.each)}`
  }
}
