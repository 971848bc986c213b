import type { AgentEvent } from './agent-event.js'
import { cleanLine, plural } from '../text.js'

/** Tool calls that the CLI did not permit, all of one tool about one thing. Outside text in it is clean. */
export interface Refusal {
  readonly tool: string
  /** The command, path or address that it was about, if the CLI reported it. */
  readonly target?: string
  /** The entry of `allow:` that would permit it, where there is one. */
  readonly allow?: string
  readonly times: number
  /** A repair round began afterwards of which this was the reason. */
  readonly isRepaired?: true
}

/** Told apart one by one up to this many, then by the tool alone. */
const maxDistinct = 100

/** The refusals with one more. */
export function addRefusal(
  refusals: readonly Refusal[],
  { tool, target, allow }: Extract<AgentEvent, { type: 'denied' }>,
): readonly Refusal[] {
  const isFull = refusals.length >= maxDistinct
  const about = target === undefined || isFull ? {} : { target }
  const same = (refusal: Refusal) => refusal.tool === tool && !refusal.isRepaired
  const exactly = refusals.findIndex((refusal) => same(refusal) && refusal.target === target)
  const alike =
    exactly >= 0 || !isFull ? exactly : refusals.findIndex((refusal) => same(refusal) && refusal.target === undefined)
  // Names of tools are outside text, too, and may be as many.
  const index = alike < 0 && refusals.length >= 2 * maxDistinct ? refusals.length - 1 : alike
  if (index >= 0) return refusals.map((one, at) => (at === index ? { ...one, times: one.times + 1 } : one))
  return [...refusals, { tool, ...about, ...(allow === undefined || isFull ? {} : { allow }), times: 1 }]
}

/** Those of which nothing was made since. */
export function openRefusals(refusals: readonly Refusal[] = []): readonly Refusal[] {
  return refusals.filter(({ isRepaired }) => !isRepaired)
}

/** How many calls were refused in all. */
export function countRefused(refusals: readonly Refusal[]): number {
  return refusals.reduce((sum, { times }) => sum + times, 0)
}

/** ``Bash `npm run generate` `` */
export function nameRefusal({ tool, target, times }: Refusal): string {
  const about = target === undefined ? '' : ` \`${cleanLine(target, 120)}\``
  return `${cleanLine(tool, 60)}${about}${times > 1 ? ` (${times} times)` : ''}`
}

/** All of them in a few words, the first by name. */
export function nameRefusals(refusals: readonly Refusal[], most = 3): string {
  const named = refusals.slice(0, most).map(nameRefusal).join(', ')
  const rest = refusals.length - most
  return rest > 0 ? `${named} and ${rest} more` : named
}

/** The entries of `allow:` that would permit them, each once. */
export function allowEntries(refusals: readonly Refusal[]): readonly string[] {
  return [...new Set(refusals.flatMap(({ allow }) => allow ?? []))]
}

/** `1 tool call was refused: …` */
export function refusedCalls(refusals: readonly Refusal[]): string {
  const count = countRefused(refusals)
  return `${plural(count, 'tool call')} ${count === 1 ? 'was' : 'were'} refused: ${nameRefusals(refusals)}`
}
