import { noMask, type Mask } from './mask.js'

/**
 * Fields that say which one is meant: of these a program makes refs, paths and look-ups, and none of them is text that
 * somebody printed. A value that happens to be a secret's, such as a password `workspace`, must not change them.
 */
const names: ReadonlySet<string> = new Set(
  [
    'type kind code severity level how state verdict signal isolation permissions reason standing what start boot',
    'id run runId taskId taskIds refs failed retried only together sessionId provider providers model slot slots',
    'ref commit tree base previous branch path workspace repository roadmap roadmapPath',
  ].flatMap((line) => line.split(' ')),
)

/** Plain data with the secrets in its texts masked; the names in it stay as they are. */
export function maskValue<Value>(value: Value, mask: Mask): Value {
  return mask === noMask ? value : (masked(value, mask) as Value)
}

function masked(value: unknown, mask: Mask): unknown {
  if (typeof value === 'string') return mask.text(value)
  if (Array.isArray(value)) return value.map((one) => masked(one, mask))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, names.has(key) && isName(one) ? one : masked(one, mask)]),
  )
}

/** A text, or a list of texts. */
function isName(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
}
