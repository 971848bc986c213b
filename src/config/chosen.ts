import * as z from 'zod/mini'
import { describedAs, eitherOf } from './json-form.js'

const forms: Readonly<Record<string, string>> = {
  string: 'a string',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}

/** What is accepted, for values whose schema does not say so itself. */
export function expected(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === 'invalid_type' ? `expected ${forms[issue.expected] ?? issue.expected}` : undefined
}

/**
 * By what the value looks like, one schema or another; so that errors are those of the one that was meant. `all`: those
 * that there are.
 */
export function chosen<Value>(choose: (value: unknown) => z.ZodMiniType<Value>, all: readonly z.core.$ZodType[]) {
  const reader = z.pipe(
    z.unknown(),
    z.transform((value, context): Value => {
      const read = choose(value).safeParse(value, { error: expected })
      if (read.success) return read.data
      for (const issue of read.error.issues) context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue)
      return z.NEVER
    }),
  )
  return describedAs(reader, eitherOf(...all))
}

/** One or several of the same kind, as a list. */
export function listOf<Value>(entry: z.ZodMiniType<Value>) {
  const list: z.ZodMiniType<Value[]> = z.array(entry).check(z.minLength(1, 'the list is empty'))
  const single: z.ZodMiniType<Value[]> = z.pipe(
    entry,
    z.transform((value: Value) => [value]),
  )
  return chosen((value) => (Array.isArray(value) ? list : single), [entry, list])
}
