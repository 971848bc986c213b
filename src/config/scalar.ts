import * as z from 'zod/mini'
import type { ReadValue } from './value.js'

/** A scalar that is read as flags are, so that `timeout: 90s` and `--timeout 90s` mean the same. */
export function scalar<Value>(read: ReadValue<Value>) {
  return z.pipe(
    z.union([z.string(), z.number(), z.boolean()], { error: 'expected a single value' }),
    z.transform((value, context): Value => {
      const result = read(String(value))
      if (result.ok) return result.value
      context.issues.push({ code: 'custom', message: result.error, input: value })
      return z.NEVER
    }),
  )
}
