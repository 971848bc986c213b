import { differsBy } from '../../../domain/nearest.js'

/** What a key says about order or about checks. `named`: other things go by these names, too (packages, say). */
export type KeyMeaning = 'dependency' | 'named_dependency' | 'verify'

const meanings: ReadonlyMap<string, KeyMeaning> = new Map([
  ['dependencies', 'dependency'],
  ['dependson', 'dependency'],
  ['blockedby', 'dependency'],
  ['needs', 'named_dependency'],
  ['requires', 'named_dependency'],
  ['after', 'named_dependency'],
  ['depends', 'named_dependency'],
  ['deps', 'named_dependency'],
  ['verify', 'verify'],
  ['gates', 'verify'],
])

/** The same key for people who write it in capitals, in camelCase, with hyphens or with underscores. */
function bare(key: string): string {
  return key.toLowerCase().replace(/[-_ ]/g, '')
}

export function meaningOf(key: string): KeyMeaning | undefined {
  return meanings.get(bare(key))
}

/** Words that may be prose or a command, one id or many: nobody knows what was meant, so the author is asked. */
const unclear: ReadonlyMap<string, string> = new Map([
  ['checks', 'is it verify: (commands that must pass) or exit_criteria: (text for the agent)?'],
  ['check', 'is it verify: (a command that must pass) or exit_criteria: (text for the agent)?'],
  ['gate', 'did you mean verify?'],
  ['dependency', 'did you mean dependencies?'],
])

/** Keys that are asked about wherever tasks and groups may have them. */
export const unclearKeys: readonly string[] = [...unclear.keys()]

/** Long enough that one letter more or less is a slip, and no other word. */
const misspelt: readonly (readonly [word: string, shown: string])[] = [
  ['dependencies', 'dependencies'],
  ['dependson', 'depends_on'],
  ['blockedby', 'blocked_by'],
  ['requires', 'requires'],
  ['depends', 'depends'],
  ['verify', 'verify'],
]

/** Words of their own that are as close to one of these as a slip is. */
const ordinary: ReadonlySet<string> = new Set(['required'])

/**
 * What to write instead of a key that was meant to say something about order or checks, but does not; to read over it
 * would start a task too early, or call it done unchecked.
 */
export function correctionOf(key: string): string | undefined {
  const word = bare(key)
  const asked = unclear.get(word)
  if (asked !== undefined || ordinary.has(word)) return asked
  // One letter in six may be wrong.
  const slip = misspelt.find(([meant]) => differsBy(word, meant, Math.floor(meant.length / 6)))
  return slip && `did you mean ${slip[1]}?`
}
