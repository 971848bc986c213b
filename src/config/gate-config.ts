import * as z from 'zod/mini'
import { isTooLong, shorterCommand } from '../domain/roadmap/command-length.js'
import { type Gate, defaultGateTimeoutMs } from '../domain/landing/gate.js'
import type { Review } from '../domain/landing/review.js'
import { chosen, listOf } from './chosen.js'
import { insideRoot } from './furniture-config.js'
import { describedAs, textOr } from './json-form.js'
import { scalar } from './scalar.js'
import { duration, onOff, providerModel } from './value.js'

const commandFields = z.strictObject({
  run: z.string('a gate needs a command').check(
    z.regex(/\S/, 'a gate needs a command'),
    z.refine((command) => !isTooLong(command), shorterCommand),
  ),
  name: z.optional(z.string()),
  cwd: z.optional(z.string().check(z.regex(insideRoot, 'it must stay inside the repository'))),
  timeout: z.optional(scalar(duration)),
  exclusive: z.optional(scalar(onOff)),
})

const reviewFields = z.strictObject({
  review: listOf(scalar(providerModel)),
  criteria: listOf(z.string('a review needs criteria').check(z.regex(/\S/, 'a review needs criteria'))),
  name: z.optional(z.string()),
  timeout: z.optional(scalar(duration)),
})

/** A text is a command and nothing else; by a map with `review`, an agent judges. */
const command = describedAs(
  z.pipe(
    z.transform((entry): unknown => (typeof entry === 'string' ? { run: entry } : entry)),
    commandFields,
  ),
  textOr(commandFields),
)

/** An entry of `gates:`. */
const gate = chosen<z.infer<typeof commandFields> | z.infer<typeof reviewFields>>(
  (entry) => (typeof entry === 'object' && entry !== null && 'review' in entry ? reviewFields : command),
  [command, reviewFields],
)

export type GateEntry = z.infer<typeof gate>

const several: z.ZodMiniType<GateEntry[]> = z.array(gate)
const single: z.ZodMiniType<GateEntry[]> = z.pipe(
  gate,
  z.transform((entry: GateEntry) => [entry]),
)

/** What may stand under `gates:`: a list, also an empty one, or one gate alone. */
export const gateList = chosen(
  (value) =>
    typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value))
      ? single
      : several,
  [several, gate],
)

/** The keys that a gate may have. */
export function gateKeys(isReview: boolean): readonly string[] {
  return Object.keys((isReview ? reviewFields : commandFields).shape)
}

/** The entries of `gates:`, apart by who judges. */
export function gatesOf(entries: readonly GateEntry[]): {
  readonly gates: readonly Gate[]
  readonly reviews: readonly Review[]
} {
  return {
    gates: entries.flatMap((entry) => ('run' in entry ? [gateOf(entry)] : [])),
    reviews: entries.flatMap((entry) => ('review' in entry ? [reviewOf(entry)] : [])),
  }
}

function gateOf(fields: z.infer<typeof commandFields>): Gate {
  const { run, name = run, cwd, timeout = defaultGateTimeoutMs, exclusive } = fields
  const more = { ...(cwd === undefined ? {} : { cwd }), ...(exclusive ? { exclusive: true as const } : {}) }
  return { name, run, timeoutMs: timeout, ...more }
}

function reviewOf(fields: z.infer<typeof reviewFields>): Review {
  const { review, criteria, name = 'review', timeout = defaultGateTimeoutMs } = fields
  return { name, reviewers: review, criteria, timeoutMs: timeout }
}
