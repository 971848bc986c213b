import {
  afterOutcome,
  emptyQueue,
  nextStep,
  type MergeQueue,
  type QueuePosition,
  type QueueOutcome,
  type QueueStep,
} from '../../../src/domain/landing/merge-queue.js'
import type { PrefixVerdict, TreeVerdict } from '../../../src/domain/landing/prefix-search.js'

/** A candidate of the game; its number is its place in the list. */
export interface Contender {
  readonly priority: number
  /** It fails wherever it is. */
  readonly bad: boolean
  /** It comes after so many steps, or when the queue has nothing to do. */
  readonly comesAt: number
  /** Nobody wants it to land any more after so many steps, if it has not left by then. */
  readonly unwantedAt?: number
}

export interface GameRules {
  readonly contenders: readonly Contender[]
  /** Pairs that fail together, though each passes alone. */
  readonly failTogether?: readonly (readonly [number, number])[]
  /** Pairs that git cannot combine. */
  readonly conflicts?: readonly (readonly [number, number])[]
  /** Whether the n-th run of a gate fails by chance, counted from 1. A second run on a tree never does. */
  readonly failsByChance?: (run: number) => boolean
  /** Whether the n-th run cannot be made at all. */
  readonly errs?: (run: number) => boolean
  /** Whether somebody else moves the target before the n-th landing is tried, counted from 1. */
  readonly movedBefore?: (landing: number) => boolean
  readonly judges: number
  readonly maxTogether: number
  /** A fixed failure rate for the queue; without it, the queue learns the rate as usual. */
  readonly failureRate?: number
}

/** What happened to each candidate, and what it cost. */
export interface Played {
  /** In the order in which they came onto the target. */
  readonly landed: readonly number[]
  /** How many landed at once, in order. */
  readonly landings: readonly number[]
  readonly evicted: readonly number[]
  readonly conflicted: readonly number[]
  readonly givenUp: readonly number[]
  readonly withdrawn: readonly number[]
  /** Trees that were judged, each time; of these, those a second time. */
  readonly runs: number
  readonly reruns: number
  /** How often runs were waited for, the second ones on a tree left out. */
  readonly rounds: number
  /** For each tree how often it was judged. */
  readonly judged: ReadonlyMap<string, number>
  /** For each landing the last verdict on the tree that became the target's. */
  readonly heads: readonly (TreeVerdict | undefined)[]
  /** For each landing, who of those that had come stood before the last that landed, had not left, and did not land. */
  readonly passedOver: readonly (readonly number[])[]
  /** Who was put off at some time, for a conflict with somebody before it in a batch. */
  readonly putOff: ReadonlySet<number>
}

/** Plays the queue of `src/domain` to its end against a simulated world, without git and without gates. */
export function playMergeQueue(rules: GameRules): Played {
  return new MergeQueueGame(rules).play()
}

const maxSteps = 100_000

class MergeQueueGame {
  readonly #rules: GameRules
  #queue: MergeQueue
  /** Who is on the target; negative numbers stand for what somebody else put there. */
  readonly #target = new Set<number>()
  #members: readonly QueuePosition[] = []
  readonly #verdicts = new Map<string, TreeVerdict>()
  readonly #judged = new Map<string, number>()
  readonly #here = new Set<number>()
  readonly #end = {
    landed: [] as number[],
    landings: [] as number[],
    evicted: [] as number[],
    conflicted: [] as number[],
    givenUp: [] as number[],
    withdrawn: [] as number[],
    heads: [] as (TreeVerdict | undefined)[],
    passedOver: [] as number[][],
    putOff: new Set<number>(),
  }
  #runs = 0
  #reruns = 0
  #rounds = 0
  #tries = 0

  constructor(rules: GameRules) {
    this.#rules = rules
    this.#queue = this.#assuming(emptyQueue(rules.maxTogether))
  }

  play(): Played {
    for (let steps = 0; steps < maxSteps; steps++) {
      this.#come(steps)
      this.#withdraw(steps)
      const step = nextStep(this.#queue)
      if (step.type !== 'idle') this.#learn(this.#make(step))
      else if (!this.#comeNext()) return this.#played()
    }
    throw new Error('the queue does not come to an end')
  }

  #played(): Played {
    const counts = { runs: this.#runs, reruns: this.#reruns, rounds: this.#rounds }
    return { ...this.#end, ...counts, judged: this.#judged }
  }

  #learn(outcome: QueueOutcome): void {
    this.#queue = this.#assuming(afterOutcome(this.#queue, outcome))
  }

  #assuming(queue: MergeQueue): MergeQueue {
    const { failureRate } = this.#rules
    return failureRate === undefined ? queue : { ...queue, failureRate }
  }

  #come(steps: number): void {
    this.#rules.contenders.forEach(({ comesAt }, number) => {
      if (comesAt <= steps) this.#arrive(number)
    })
  }

  #withdraw(steps: number): void {
    const { landed, evicted, conflicted, givenUp, withdrawn } = this.#end
    this.#rules.contenders.forEach(({ unwantedAt = Infinity }, number) => {
      const isGone = [landed, evicted, conflicted, givenUp, withdrawn].some((list) => list.includes(number))
      if (unwantedAt > steps || isGone || !this.#here.has(number)) return
      withdrawn.push(number)
      this.#learn({ type: 'withdrawn', number })
    })
  }

  #comeNext(): boolean {
    const next = this.#rules.contenders.findIndex((_, number) => !this.#here.has(number))
    if (next >= 0) this.#arrive(next)
    return next >= 0
  }

  #arrive(number: number): void {
    if (this.#here.has(number)) return
    this.#here.add(number)
    const { priority } = this.#rules.contenders[number]!
    this.#learn({ type: 'came', candidate: { number, priority } })
  }

  #make(step: Exclude<QueueStep, { type: 'idle' }>): QueueOutcome {
    switch (step.type) {
      case 'build':
        return this.#build(step.candidates)
      case 'judge':
        return { type: 'judged', verdicts: this.#judge(step.prefixes) }
      case 'judge_again':
        return { type: 'judged_again', verdict: this.#judgeAgain() }
      case 'land':
        return this.#land(step.count)
      case 'evict':
        return this.#leave(1, this.#end.evicted)
      case 'give_up':
        return this.#leave(step.count, this.#end.givenUp)
    }
  }

  #build(candidates: readonly QueuePosition[]): QueueOutcome {
    const [members, left]: [QueuePosition[], QueuePosition[]] = [[], []]
    for (const candidate of candidates) {
      if (this.#conflicts(candidate, this.#target)) left.push(candidate)
      else if (
        !this.#conflicts(
          candidate,
          members.map(({ number }) => number),
        )
      )
        members.push(candidate)
      else this.#end.putOff.add(candidate.number)
    }
    this.#goneWith(left, this.#end.conflicted)
    this.#members = members
    return { type: 'built', members, left, judges: this.#rules.judges, known: this.#known() }
  }

  #known(): readonly PrefixVerdict[] {
    return this.#members.flatMap((_, index) => {
      const verdict = this.#verdicts.get(this.#content(index + 1).join())
      return verdict ? [{ prefix: index + 1, verdict }] : []
    })
  }

  #conflicts({ number }: QueuePosition, others: Iterable<number>): boolean {
    const pairs = this.#rules.conflicts ?? []
    return [...others].some((other) => pairs.some((pair) => pair.includes(number) && pair.includes(other)))
  }

  #goneWith(who: readonly QueuePosition[], list: number[]): void {
    for (const { number } of who) list.push(number)
  }

  #content(prefix: number): readonly number[] {
    return [...this.#target, ...this.#members.slice(0, prefix).map(({ number }) => number)].sort((a, b) => a - b)
  }

  #judge(prefixes: readonly number[]): readonly PrefixVerdict[] {
    const before = this.#runs
    const verdicts = prefixes.map((prefix) => ({ prefix, verdict: this.#verdictOn(this.#content(prefix)) }))
    if (this.#runs > before) this.#rounds++
    return verdicts
  }

  #verdictOn(content: readonly number[]): TreeVerdict {
    const known = this.#verdicts.get(content.join())
    return known ?? this.#run(content, (run) => this.#rules.failsByChance?.(run) === true)
  }

  #judgeAgain(): TreeVerdict {
    const content = this.#content(1)
    const known = this.#verdicts.get(content.join())
    if (this.#judged.get(content.join()) === 2 && known) return known
    const verdict = this.#run(content, () => false)
    this.#reruns++
    return verdict
  }

  #run(content: readonly number[], failsByChance: (run: number) => boolean): TreeVerdict {
    const run = ++this.#runs
    const tree = content.join()
    // Nothing is known of a tree that could not be judged; it may be tried as often as somebody brings it.
    if (this.#rules.errs?.(run)) return 'open'
    this.#judged.set(tree, (this.#judged.get(tree) ?? 0) + 1)
    const verdict = this.#isGood(content) && !failsByChance(run) ? 'passed' : 'failed'
    this.#verdicts.set(tree, verdict)
    return verdict
  }

  #isGood(content: readonly number[]): boolean {
    const { contenders, failTogether = [] } = this.#rules
    if (content.some((number) => contenders[number]?.bad)) return false
    return !failTogether.some((pair) => pair.every((number) => content.includes(number)))
  }

  #land(count: number): QueueOutcome {
    if (this.#rules.movedBefore?.(++this.#tries)) {
      this.#target.add(-this.#tries)
      return { type: 'overtaken' }
    }
    this.#end.heads.push(this.#verdicts.get(this.#content(count).join()))
    const landing = this.#members.slice(0, count)
    this.#goneWith(landing, this.#end.landed)
    for (const { number } of landing) this.#target.add(number)
    this.#end.landings.push(count)
    this.#end.passedOver.push(this.#standingBefore(landing[count - 1]!))
    this.#members = this.#members.slice(count)
    return { type: 'landed', count }
  }

  #standingBefore(last: QueuePosition): number[] {
    return this.#queue.waiting
      .filter(
        ({ number, priority }) => priority < last.priority || (priority === last.priority && number < last.number),
      )
      .map(({ number }) => number)
  }

  #leave(count: number, list: number[]): QueueOutcome {
    this.#goneWith(this.#members.slice(0, count), list)
    this.#members = this.#members.slice(count)
    return { type: 'left', count, blamed: list === this.#end.evicted }
  }
}

/** Random numbers from 0 to 1 that are the same for the same seed. Source: mulberry32, by Tommy Ettinger, public domain. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
