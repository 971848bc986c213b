/**
 * What is known of a batch: `size` candidates, each on top of those before it, the first on the target's tip. A prefix
 * of n is the tree with the first n. The search lands the longest prefix that passes and finds the candidate with which
 * the first failure comes.
 */
export interface Search {
  readonly size: number
  /** How many trees can be judged at once, at least 1. */
  readonly judges: number
  /** The longest prefix that is known to pass and has not landed; 0 when none is. */
  readonly passing: number
  /** Whether the prefix of all is known to fail, and how often it was judged for that. */
  readonly fails: 'no' | 'once' | 'twice'
  /** The longest prefix that could not be judged and has to give way; 0 when none has. */
  readonly open: number
}

/** What judging a tree came to. `open`: it could not be judged. */
export type TreeVerdict = 'passed' | 'failed' | 'open'

/** A verdict on a prefix of so many. */
export interface PrefixVerdict {
  readonly prefix: number
  readonly verdict: TreeVerdict
}

export function searchOf(size: number, judges: number): Search {
  return { size, judges, passing: 0, fails: 'no', open: 0 }
}

/**
 * The prefixes to judge next, ascending: of a fresh batch n·i/V rounded up, so that one judge takes the whole at once; of
 * a batch that fails the inner ones nearest to n·i/(V+1). None when a single candidate is known to fail.
 */
export function prefixesToJudge({ size, judges, fails }: Search): readonly number[] {
  const steps = Array.from({ length: judges }, (_, index) => index + 1)
  if (fails === 'no') return [...new Set(steps.map((step) => Math.ceil((size * step) / judges)))]
  const inner = steps.map((step) => Math.max(1, Math.round((size * step) / (judges + 1))))
  return [...new Set(inner)].filter((prefix) => prefix < size)
}

/** What is known after verdicts on prefixes. Behind the shortest one that fails nothing belongs to the batch any more. */
export function learn(search: Search, verdicts: readonly PrefixVerdict[]): Search {
  const prefixesThat = (wanted: TreeVerdict) =>
    verdicts.flatMap(({ prefix, verdict }) => (verdict === wanted ? [prefix] : []))
  const passing = Math.max(search.passing, ...prefixesThat('passed'))
  const failing = Math.min(Infinity, ...prefixesThat('failed').filter((prefix) => prefix > passing))
  const size = Math.min(search.size, failing)
  const open = Math.max(0, ...prefixesThat('open').filter((prefix) => prefix > passing && prefix < failing))
  return { ...search, size, passing, open, fails: failing < Infinity ? 'once' : search.fails }
}

/** What is known when the single candidate that fails has been judged once more, past all that was remembered. */
export function learnAgain(search: Search, verdict: TreeVerdict): Search {
  switch (verdict) {
    case 'passed':
      return { ...search, passing: 1, fails: 'no' }
    case 'failed':
      return { ...search, fails: 'twice' }
    case 'open':
      return { ...search, open: 1 }
  }
}

/** What is left to search when the first `count` have landed; undefined when that is nothing, or nothing is known of it. */
export function afterLanding(search: Search, count: number): Search | undefined {
  const rest = { ...search, size: search.size - count, passing: 0, open: Math.max(0, search.open - count) }
  return rest.size > 0 && (rest.fails !== 'no' || rest.open > 0) ? rest : undefined
}
