import { failure, type Failure } from '../../domain/agent/failure.js'
import {
  afterOutcome,
  batchSize,
  emptyQueue,
  nextStep,
  type MergeQueue,
  type QueuePosition,
  type QueueOutcome,
  type QueueStep,
} from '../../domain/landing/merge-queue.js'
import type { PrefixVerdict, TreeVerdict } from '../../domain/landing/prefix-search.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { Verifier } from '../../verify/verifier.js'
import type { Candidate, Landed, Repository, Target } from '../../workspace/contract.js'
import { moveTarget } from '../../workspace/land/move-target.js'
import { singleParent, stack, type Ready, type Single } from '../../workspace/land/stack.js'
import type { BaseWatch } from './base-watch.js'
import { judgePrefix, knownPrefixes, treesAtOnce, type Judgeable, type Member } from './judge-prefix.js'
import { gitFailed } from '../../workspace/git/git-failed.js'
import { firstAborted } from './first-aborted.js'

/** A candidate and what the queue must know of its task. */
export interface QueuedCandidate extends Candidate, Judgeable {
  /** Its task's; lower first. */
  readonly priority: number
  /** Aborted when nobody wants it to land any more; while it lands, that is too late. */
  readonly unwanted?: AbortSignal
}

export interface MergeQueueParts {
  readonly repository: Repository
  readonly target: Target
  readonly verifier: Pick<Verifier, 'known' | 'verify' | 'verifyAgain'>
  /** How many gates run at once. */
  readonly gateJobs: number
  /** Undefined where a gate could begin at once; otherwise resolves when the next one ends. */
  readonly whenFree?: () => Promise<void> | undefined
  /** How many candidates are judged together at most; 1: one at a time. */
  readonly mergeBatch: number
  /** Is told when somebody else moves the target, and asked whether the base is to blame. */
  readonly base?: Pick<BaseWatch, 'moved' | 'mayBlame'>
}

/** Resolves when the candidate has landed, or has left the queue: `conflict`, `gate_failed` and others. */
export type Integrate = (candidate: QueuedCandidate) => Promise<Result<Landed, Failure>>

/**
 * Creates the merge queue of a run: candidates that arrive while others are judged are judged together, on top of each
 * other, and land with one move of the target. `src/domain/landing/merge-queue.ts` decides; this carries it out.
 */
export function createMergeQueue(parts: MergeQueueParts): Integrate {
  const driver = new QueueDriver(parts)
  return (candidate) => driver.integrate(candidate)
}

const withdrawn = failure('canceled', 'The task was canceled before its work landed.')

/** How often in a row building starts over because somebody else moved the target meanwhile. */
const maxRounds = 8

/** A candidate in the queue, until its end. */
interface QueueEntry {
  readonly queued: QueuePosition
  readonly candidate: QueuedCandidate
  /** Created when it is built for the first time. */
  single?: Result<Ready, Failure>
  /** It has been told that its gates run. */
  isTold?: true
  /** The target is being moved to it, or past it. */
  isLanding: boolean
  readonly settle: (end: Result<Landed, Failure>) => void
  readonly fail: (bug: unknown) => void
}

class QueueDriver {
  readonly #parts: MergeQueueParts
  readonly #entries = new Map<number, QueueEntry>()
  #queue: MergeQueue
  #members: readonly (Member & { readonly entry: QueueEntry })[] = []
  /** Why the tree of this commit failed. */
  readonly #refused = new Map<string, Failure>()
  #isAtWork = false
  #came = 0
  #overtaken = 0

  constructor(parts: MergeQueueParts) {
    this.#parts = parts
    this.#queue = emptyQueue(parts.mergeBatch)
  }

  integrate(candidate: QueuedCandidate): Promise<Result<Landed, Failure>> {
    const { priority, unwanted } = candidate
    if (unwanted?.aborted) return Promise.resolve(err(withdrawn))
    const queued = { number: ++this.#came, priority }
    return new Promise((settle, fail) => {
      const entry = { queued, candidate, settle, fail, isLanding: false }
      this.#entries.set(queued.number, entry)
      // At once; the queue takes notice between two steps.
      unwanted?.addEventListener('abort', () => entry.isLanding || settle(err(withdrawn)), { once: true })
      this.#learn({ type: 'came', candidate: queued })
      if (!this.#isAtWork) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#isAtWork = true
    try {
      for (let step = this.#next(); step.type !== 'idle'; step = this.#next()) this.#learn(await this.#make(step))
    } catch (bug) {
      // The callers report this; candidates that arrive later still get their turn.
      for (const { fail } of this.#entries.values()) fail(bug)
      this.#entries.clear()
      this.#queue = emptyQueue(this.#parts.mergeBatch)
    }
    this.#isAtWork = false
  }

  #next(): QueueStep {
    for (const entry of this.#entries.values()) {
      if (!entry.candidate.unwanted?.aborted) continue
      this.#settle(entry, err(withdrawn))
      this.#learn({ type: 'withdrawn', number: entry.queued.number })
    }
    return nextStep(this.#queue)
  }

  #learn(outcome: QueueOutcome): void {
    this.#queue = afterOutcome(this.#queue, outcome)
  }

  async #make(step: Exclude<QueueStep, { type: 'idle' }>): Promise<QueueOutcome> {
    switch (step.type) {
      case 'build':
        return this.#build(await this.#gathered(step.candidates))
      case 'judge':
        this.#tellOfGates(Math.max(...step.prefixes))
        return { type: 'judged', verdicts: await this.#judge(step.prefixes) }
      case 'judge_again':
        this.#tellOfGates(1)
        return { type: 'judged_again', verdict: await this.#verdictOn(1, 'verifyAgain') }
      case 'land':
        return this.#land(step.count)
      case 'evict':
        return this.#evict()
      case 'give_up':
        return this.#leave(step.count, this.#reasonOf(step.count), false)
    }
  }

  /**
   * While other gates have every job, a batch could only stand and wait: it is built when one of them ends, of all that have
   * come by then. What no gate need run for, or is a full batch already, waits for nothing.
   */
  async #gathered(candidates: readonly QueuePosition[]): Promise<readonly QueuePosition[]> {
    if (candidates.length >= batchSize(this.#queue)) return candidates
    const needsGate = ({ number }: QueuePosition) => {
      const { gates, made } = this.#entryOf(number).candidate
      return gates.length > 0 && (!made || this.#parts.verifier.known(made.tree, gates) === undefined)
    }
    const free = candidates.every(needsGate) ? this.#parts.whenFree?.() : undefined
    if (!free) return candidates
    await free
    // Meanwhile candidates have come, or gone.
    const step = this.#next()
    return step.type === 'build' ? step.candidates : []
  }

  async #build(candidates: readonly QueuePosition[]): Promise<QueueOutcome> {
    const left: QueuePosition[] = []
    const singles: (Single & { readonly entry: QueueEntry })[] = []
    const leave = (entry: QueueEntry, failure: Failure) => {
      left.push(entry.queued)
      this.#settle(entry, err(failure))
    }
    for (const { number } of candidates) {
      const entry = this.#entryOf(number)
      const single = await this.#singleOf(entry)
      if (!single.ok) leave(entry, single.error)
      else singles.push({ entry, single: single.value, base: entry.candidate.base, message: entry.candidate.message })
    }
    const stacked = await stack(this.#parts.repository, this.#parts.target, singles)
    for (const { candidate, failure } of stacked.left) leave(candidate.entry, failure)
    this.#members = stacked.members.map(({ candidate: { entry }, ready }) => ({
      entry,
      candidate: entry.candidate,
      ready,
    }))
    this.#refused.clear()
    return {
      type: 'built',
      members: this.#members.map(({ entry }) => entry.queued),
      left,
      judges: treesAtOnce(this.#members, this.#parts.gateJobs),
      known: await this.#judge(knownPrefixes(this.#parts.verifier, this.#members)),
    }
  }

  #entryOf(number: number): QueueEntry {
    const entry = this.#entries.get(number)
    if (!entry) throw new Error(`the merge queue has no candidate ${number}`)
    return entry
  }

  async #singleOf(entry: QueueEntry): Promise<Result<Ready, Failure>> {
    if (entry.single) return entry.single
    const made = await singleParent(this.#parts.repository, entry.candidate)
    entry.single = made.ok ? made : gitFailed(made.error)
    return entry.single
  }

  /** What is known already is judged without a gate. */
  #tellOfGates(count: number): void {
    for (const { entry } of this.#members.slice(0, count)) {
      if (!entry.isTold) entry.candidate.onGates()
      entry.isTold = true
    }
  }

  #judge(prefixes: readonly number[]): Promise<readonly PrefixVerdict[]> {
    return Promise.all(prefixes.map(async (prefix) => ({ prefix, verdict: await this.#verdictOn(prefix, 'verify') })))
  }

  async #verdictOn(prefix: number, how: 'verify' | 'verifyAgain'): Promise<TreeVerdict> {
    const inTree = this.#members.slice(0, prefix)
    // A tree with work that nobody wants can't land.
    const unwanted = firstAborted(inTree.map(({ entry }) => entry.candidate.unwanted))
    const judged = await judgePrefix(this.#parts.verifier, inTree, how, unwanted.signal)
    unwanted.close()
    if (judged.ok) return 'passed'
    this.#refused.set(inTree.at(-1)?.ready.commit ?? '', judged.error)
    return judged.error.kind === 'gate_failed' ? 'failed' : 'open'
  }

  #reasonOf(prefix: number): Failure {
    const reason = this.#refused.get(this.#members[prefix - 1]?.ready.commit ?? '')
    if (!reason) throw new Error('a candidate is to leave that nothing speaks against')
    return reason
  }

  #evict(): QueueOutcome {
    const { target, base } = this.#parts
    const reason = this.#reasonOf(1)
    const failure = { ...reason, on: target.tip }
    return this.#leave(1, failure, base?.mayBlame(reason, target.tip) !== true)
  }

  async #land(count: number): Promise<QueueOutcome> {
    const { repository, target } = this.#parts
    const landing = this.#members.slice(0, count)
    const tipBefore = target.tip
    for (const { entry } of landing) entry.isLanding = true
    const move = await moveTarget(repository, target, landing.at(-1)?.ready.commit ?? tipBefore)
    for (const { entry } of landing) entry.isLanding = false
    if (!move.ok) return this.#leave(count, move.error, false)
    if (move.value.type === 'overtaken') {
      if (target.tip !== tipBefore) this.#parts.base?.moved(target.tip, false)
      if (++this.#overtaken < maxRounds) return { type: 'overtaken' }
      this.#overtaken = 0
      return this.#leave(count, move.value.why, false)
    }
    this.#overtaken = 0
    landing.forEach(({ entry, ready }, index) => {
      const previous = landing[index - 1]?.ready.commit ?? tipBefore
      this.#settle(entry, ok({ ...ready, previous }))
    })
    this.#members = this.#members.slice(count)
    return { type: 'landed', count }
  }

  #leave(count: number, failure: Failure, blamed: boolean): QueueOutcome {
    for (const { entry } of this.#members.slice(0, count)) this.#settle(entry, err(failure))
    this.#members = this.#members.slice(count)
    return { type: 'left', count, blamed }
  }

  #settle(entry: QueueEntry, end: Result<Landed, Failure>): void {
    this.#entries.delete(entry.queued.number)
    entry.settle(end)
  }
}
