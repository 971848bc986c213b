import * as z from 'zod/mini'
import type { Result } from '../domain/result.js'
import { schemaOfForm } from './form.js'
import { describedAs } from './json-form.js'
import type { ReadValue } from './value.js'

/** A scalar that is read as flags are, so that `timeout: 90s` and `--timeout 90s` mean the same. */
export function scalar<Value>(read: ReadValue<Value>) {
  const reader = z.pipe(
    z.union([z.string(), z.number(), z.boolean()], { error: 'expected a single value' }),
    z.transform((value, context): Value => {
      const result = read(String(value))
      if (result.ok) return result.value
      context.issues.push({ code: 'custom', message: result.error, input: value })
      return z.NEVER
    }),
  )
  return describedAs(reader, () => schemaOfForm(read.form))
}

/** The same, or a map, each entry of which is a `NAME=VALUE` of the text. */
export function scalarOrMap<Value>(read: ReadValue<Value>) {
  const entries = z.record(z.string(), z.string())
  const reader = z.pipe(
    z.transform((value: unknown): unknown => {
      const map = entries.safeParse(value)
      return map.success
        ? Object.entries(map.data)
            .map((entry) => entry.join('='))
            .join(',')
        : value
    }),
    scalar(read),
  )
  const ofEach = { type: 'object', minProperties: 1, additionalProperties: schemaOfForm(read.form) }
  return describedAs(reader, () => ({ anyOf: [schemaOfForm(read.form), ofEach] }))
}

/** Whether the keys of a map are what `read` accepts. */
export function keysAre<Value>(read: (key: string) => Result<Value, string>) {
  return z.superRefine<Readonly<Record<string, unknown>>>((map, context) => {
    for (const key of Object.keys(map)) {
      const value = read(key)
      if (!value.ok) context.addIssue({ code: 'custom', message: value.error, path: [key], input: key })
    }
  })
}
