import type { CommitId } from '../domain/brand.js'
import { gateKey, type Gate, type Verdict } from '../domain/landing/gate.js'
import type { Checkout, CheckOut, GatedTree } from './checkout.js'
import { createSetupJudge, type SetupJudge } from './judge-setup.js'
import { oneAtATime } from './one-at-a-time.js'

export interface GateRunnerParts {
  readonly checkOut: CheckOut
  /** The commit at the target's tip. */
  readonly tip: () => CommitId
  readonly judge: (gate: Gate, root: string, work: GateWork) => Promise<Verdict>
  /** Runs at most this many gates at once, each under a number that no other has at the same time. */
  readonly limited: <Value>(step: (job: number) => Promise<Value>) => Promise<Value>
  /** A run that is being canceled judges nothing more. */
  readonly signal: AbortSignal
}

/** The job that runs a gate, counted from 1, and whose work it is about. */
export interface GateWork extends Pick<GatedTree, 'base' | 'tree' | 'attempt' | 'taskIds'> {
  readonly job: number
  /** Aborted when nobody waits for the verdict any more. */
  readonly unwanted: AbortSignal
}

/** The result of running a gate, and where it ran. `isLast`: another try would give the same. */
export interface GateRun {
  readonly verdict: Verdict
  readonly checkout?: Checkout
  readonly isLast?: true
}

interface HowToRun {
  /** Nothing is in its checkout that an earlier use has left. */
  readonly fresh: boolean
  /** Aborted when nobody waits for the verdict any more. */
  readonly unwanted: AbortSignal
}

/** How often an errored gate is tried in all. */
const tries = 3

/** Runs gates on trees, each in a checkout in which setup has passed, and never two of an exclusive one at once. */
export class GateRunner {
  readonly #parts: GateRunnerParts
  readonly #setup: SetupJudge
  /** The keys of exclusive gates: another task may name the same gate without saying so. */
  readonly #exclusive = new Set<string>()
  readonly #alone = oneAtATime()

  constructor(parts: GateRunnerParts) {
    this.#parts = parts
    this.#setup = createSetupJudge(parts)
  }

  async run(gated: GatedTree, gate: Gate, how: HowToRun): Promise<GateRun> {
    const { limited, signal } = this.#parts
    for (let left = tries - 1; ; left--) {
      const run = await this.#inTurn(gate, () => limited((job) => this.#runOnce(gated, gate, { ...how, job })))
      const isOver = run.isLast === true || left === 0 || signal.aborted || how.unwanted.aborted
      if (run.verdict.type !== 'errored' || isOver) return run
    }
  }

  /** Waits before it takes a job, so that others can use the job. */
  #inTurn<Value>(gate: Gate, step: () => Promise<Value>): Promise<Value> {
    const key = gateKey(gate)
    if (gate.exclusive) this.#exclusive.add(key)
    return this.#exclusive.has(key) ? this.#alone(key, step) : step()
  }

  async #runOnce(
    gated: GatedTree,
    gate: Gate,
    { fresh, job, unwanted }: HowToRun & { readonly job: number },
  ): Promise<GateRun> {
    const { judge, signal } = this.#parts
    if (signal.aborted || unwanted.aborted) return { verdict: { type: 'errored', message: 'it was canceled' } }
    const known = await this.#setup.known(gated.tree)
    if (known?.type === 'failed') return { verdict: known }
    const checkout = await this.#checkOut(gated, fresh)
    if ('verdict' in checkout) return checkout
    try {
      return { verdict: await judge(gate, checkout.root, { ...gated, job, unwanted }), checkout }
    } finally {
      checkout.release()
    }
  }

  /** A checkout in which setup has passed; otherwise the verdict on the tree. */
  async #checkOut(gated: GatedTree, fresh: boolean): Promise<Checkout | GateRun> {
    const { checkOut } = this.#parts
    const tryOnce = () => (fresh ? checkOut(gated.commit, { fresh }) : checkOut(gated.commit))
    const first = await tryOnce()
    if (first.ok) return first.value
    const verdict = await this.#setup.judge(gated, first.error)
    // It has been tried often enough for a verdict.
    if (verdict.type !== 'passed') return { verdict, ...(first.error.inSetup ? { isLast: true } : {}) }
    const second = await tryOnce()
    return second.ok ? second.value : { verdict: { type: 'errored', message: second.error.message } }
  }
}
