import {
  afterLanding,
  learn,
  learnAgain,
  prefixesToJudge,
  searchOf,
  type PrefixVerdict,
  type Search,
  type TreeVerdict,
} from './prefix-search.js'

/** A candidate as the queue knows it. */
export interface QueuePosition {
  /** Counts up in the order in which candidates came. */
  readonly number: number
  /** Its task's priority; lower first. */
  readonly priority: number
}

/** Candidates that were put on top of each other, as far as the search goes. */
interface Batch {
  readonly members: readonly QueuePosition[]
  readonly search: Search
}

/** The candidates that want to land, in order, and what is known of the batch at their head. */
export interface MergeQueue {
  /** Those that no batch has, in order. */
  readonly waiting: readonly QueuePosition[]
  readonly batch?: Batch
  /** How likely a candidate fails in the queue, as far as experience goes: 0 to 1. */
  readonly failureRate: number
  /** So many are judged together at most. */
  readonly maxTogether: number
}

/** What is to be done next; whoever does it tells how it went, see {@link QueueOutcome}. */
export type QueueStep =
  /** Nothing until a candidate comes. */
  | { readonly type: 'idle' }
  /** Put these on top of the target's tip, in order. */
  | { readonly type: 'build'; readonly candidates: readonly QueuePosition[] }
  /** Judge the trees of these prefixes of the batch at once. */
  | { readonly type: 'judge'; readonly prefixes: readonly number[] }
  /** Judge the first candidate's tree once more, past what is remembered: its failure may have been chance. */
  | { readonly type: 'judge_again' }
  /** Move the target to the prefix of so many. */
  | { readonly type: 'land'; readonly count: number }
  /** The first candidate failed twice: it leaves. */
  | { readonly type: 'evict' }
  /** The first so many could not be judged: they leave, without blame. */
  | { readonly type: 'give_up'; readonly count: number }

/** How a step went, or that a candidate came. */
export type QueueOutcome =
  | { readonly type: 'came'; readonly candidate: QueuePosition }
  /**
   * `members` stand on top of each other; `left` conflict with the tip itself and are gone. What is in neither conflicts
   * only with a member, and waits for the next batch. `judges`: how many of these trees can be judged at once; `known`:
   * verdicts on them that are there already.
   */
  | {
      readonly type: 'built'
      readonly members: readonly QueuePosition[]
      readonly left: readonly QueuePosition[]
      readonly judges: number
      readonly known: readonly PrefixVerdict[]
    }
  /** Nobody wants it to land any more: it is gone. */
  | { readonly type: 'withdrawn'; readonly number: number }
  | { readonly type: 'judged'; readonly verdicts: readonly PrefixVerdict[] }
  | { readonly type: 'judged_again'; readonly verdict: TreeVerdict }
  | { readonly type: 'landed'; readonly count: number }
  /** Somebody else moved the target: what was built stands on a tip that is none any more. */
  | { readonly type: 'overtaken' }
  /** The first so many are gone without having landed; `blamed`: because a gate refused them. */
  | { readonly type: 'left'; readonly count: number; readonly blamed: boolean }

/** What a queue assumes that has no experience yet. */
const firstFailureRate = 0.1
/** What the newest experience counts, against all before. */
const newestWeight = 0.05

export function emptyQueue(maxTogether: number): MergeQueue {
  return { waiting: [], failureRate: firstFailureRate, maxTogether }
}

/** Total order: the task's priority, then who came first. */
export function compareQueued(a: QueuePosition, b: QueuePosition): number {
  return a.priority - b.priority || a.number - b.number
}

/**
 * How many to judge together: the size that costs the fewest runs a candidate. Source: 0.69/p (ln 2 over the rate of
 * failure) comes within a run of the optimum of the closed form for p from 0.01 to 0.4.
 */
export function batchSize({ failureRate, maxTogether }: Pick<MergeQueue, 'failureRate' | 'maxTogether'>): number {
  return Math.min(maxTogether, Math.max(1, Math.round(0.69 / failureRate)))
}

export function nextStep(queue: MergeQueue): QueueStep {
  const { batch, waiting } = queue
  if (!batch) {
    return waiting.length === 0 ? { type: 'idle' } : { type: 'build', candidates: waiting.slice(0, batchSize(queue)) }
  }
  const { search } = batch
  if (search.passing > 0) return { type: 'land', count: search.passing }
  if (search.open > 0) return { type: 'give_up', count: search.open }
  const prefixes = prefixesToJudge(search)
  if (prefixes.length > 0) return { type: 'judge', prefixes }
  return { type: search.fails === 'twice' ? 'evict' : 'judge_again' }
}

export function afterOutcome(queue: MergeQueue, outcome: QueueOutcome): MergeQueue {
  const { batch } = queue
  if (outcome.type === 'came') return { ...queue, waiting: inOrder([...queue.waiting, outcome.candidate]) }
  if (outcome.type === 'built') return afterBuilding(queue, outcome)
  if (outcome.type === 'withdrawn') return afterWithdrawal(queue, outcome.number)
  if (!batch) return queue
  switch (outcome.type) {
    case 'judged':
      return withSearch(queue, batch, learn(batch.search, outcome.verdicts))
    case 'judged_again':
      return withSearch(queue, batch, learnAgain(batch.search, outcome.verdict))
    case 'landed': {
      const members = batch.members.slice(outcome.count)
      const search = afterLanding(batch.search, outcome.count)
      const learnt = { ...queue, failureRate: learnRate(queue.failureRate, outcome.count, 0) }
      return search ? { ...learnt, batch: { members, search } } : dissolved(learnt, members)
    }
    case 'overtaken':
      return dissolved(queue, batch.members)
    case 'left': {
      const failureRate = outcome.blamed ? learnRate(queue.failureRate, outcome.count, 1) : queue.failureRate
      return dissolved({ ...queue, failureRate }, batch.members.slice(outcome.count))
    }
  }
}

function afterBuilding(queue: MergeQueue, built: Extract<QueueOutcome, { type: 'built' }>): MergeQueue {
  const { members, left, judges, known } = built
  const gone = new Set([...members, ...left].map(({ number }) => number))
  const rest = { ...queue, waiting: queue.waiting.filter(({ number }) => !gone.has(number)) }
  if (members.length === 0) return rest
  const search = searchOf(members.length, judges)
  return withSearch(rest, { members, search }, learn(search, known))
}

/** A batch that has it can't land any more as it was built; what is known of its trees is remembered. */
function afterWithdrawal(queue: MergeQueue, number: number): MergeQueue {
  const isOther = (candidate: QueuePosition) => candidate.number !== number
  const rest = { ...queue, waiting: queue.waiting.filter(isOther) }
  const members = queue.batch?.members ?? []
  return members.every(isOther) ? rest : dissolved(rest, members.filter(isOther))
}

/** The batch as far as the search goes; who stands behind that waits again. */
function withSearch(queue: MergeQueue, { members }: Batch, search: Search): MergeQueue {
  const waiting = inOrder([...queue.waiting, ...members.slice(search.size)])
  return { ...queue, waiting, batch: { members: members.slice(0, search.size), search } }
}

function dissolved({ waiting, failureRate, maxTogether }: MergeQueue, members: readonly QueuePosition[]): MergeQueue {
  return { waiting: inOrder([...waiting, ...members]), failureRate, maxTogether }
}

function inOrder(candidates: readonly QueuePosition[]): readonly QueuePosition[] {
  return [...candidates].sort(compareQueued)
}

/** Exponentially weighted: `count` times the same experience, 1 for a failure and 0 for none. */
function learnRate(rate: number, count: number, experience: 0 | 1): number {
  return experience + (rate - experience) * (1 - newestWeight) ** count
}
