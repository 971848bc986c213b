import { msBetween } from '../domain/clock.js'
import type { MonotonicMs, TreeId } from '../domain/brand.js'
import { verdictKey, type Gate, type Verdict } from '../domain/landing/gate.js'
import type { Checkout, GatedTree } from './checkout.js'
import { GateRunner, type GateRun, type GateRunnerParts } from './gate-runner.js'
import { Interest } from './interest.js'

export interface VerdictsParts extends GateRunnerParts {
  readonly monotonic: () => MonotonicMs
  /** Stale places misled gates on more than one tree: no place that keeps anything is trusted any more. */
  readonly distrustAll?: () => void
}

/** A verdict, and how it came about. Times in ms. */
export interface Finding {
  readonly verdict: Verdict
  readonly durationMs: number
  /** The verdict was already known; nothing ran. */
  readonly remembered: boolean
  /** The gate had already failed on this tree: it ran once more. */
  readonly again?: true
  /** It then passed: its failure was chance. */
  readonly flaky?: true
  /** It passed in a place with a new setup: what the other place had kept may be to blame. */
  readonly fresh?: true
}

/** What is remembered about a gate on a tree. */
interface Memory {
  readonly run: Promise<GateRun>
  /** Who waits for it. */
  readonly interest: Interest
  /** What it came to. */
  verdict?: Verdict
  /** It ran once more after a failure. */
  readonly isSecond: boolean
  /** Where it ran last. */
  checkout?: Checkout
}

/** The verdicts of gates on trees: a gate runs on a tree once, and after a failure once more if that is asked for. */
export class Verdicts {
  readonly #parts: VerdictsParts
  readonly #runner: GateRunner
  // A verdict in progress is shared, too. Errored verdicts are forgotten: they say nothing about the tree.
  readonly #memories = new Map<string, Memory>()
  readonly #running = new Set<Promise<GateRun>>()
  /** Trees on which kept files of a place misled a gate. */
  readonly #misled = new Set<TreeId>()

  constructor(parts: VerdictsParts) {
    this.#parts = parts
    this.#runner = new GateRunner(parts)
  }

  /** What is known without running anything. */
  known(tree: TreeId, gate: Gate): Verdict | undefined {
    return this.#memories.get(verdictKey(tree, gate))?.verdict
  }

  /** `unwanted`: aborted when whoever asks wants it no more; a gate that nobody waits for is ended. */
  first(gated: GatedTree, gate: Gate, unwanted?: AbortSignal): Promise<Finding> {
    const memory = this.#memories.get(verdictKey(gated.tree, gate))
    if (!memory) return this.#find(gated, gate, { isSecond: false, unwanted })
    // Its gate is being ended.
    if (!memory.verdict && memory.interest.over.aborted) return memory.run.then(() => this.first(gated, gate, unwanted))
    memory.interest.join(unwanted)
    // Not awaited here: whoever ran it is told before those who share the result.
    return memory.run.then(({ verdict }) => ({ verdict, durationMs: 0, remembered: true }))
  }

  /** Like {@link first}, but a failed gate runs once more; from then on its second verdict is remembered. */
  async second(gated: GatedTree, gate: Gate, unwanted?: AbortSignal): Promise<Finding> {
    const first = await this.first(gated, gate, unwanted)
    const memory = this.#memories.get(verdictKey(gated.tree, gate))
    if (first.verdict.type !== 'failed' || memory?.isSecond !== false) return first
    const second = await this.#find(gated, gate, { isSecond: true, unwanted })
    if (second.verdict.type !== 'passed') return { ...second, again: true }
    if (!memory.checkout?.holdsOlder) return { ...second, again: true, flaky: true }
    this.#distrust(gated.tree, memory.checkout)
    return { ...second, again: true, flaky: true, fresh: true }
  }

  /** Resolves when no gate runs any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #find(
    gated: GatedTree,
    gate: Gate,
    { isSecond, unwanted }: { readonly isSecond: boolean; readonly unwanted: AbortSignal | undefined },
  ): Promise<Finding> {
    const { monotonic } = this.#parts
    const key = verdictKey(gated.tree, gate)
    const earlier = this.#memories.get(key)
    const began = monotonic()
    const interest = new Interest()
    interest.join(unwanted)
    const run = this.#runner.run(gated, gate, { fresh: isSecond, unwanted: interest.over })
    this.#running.add(run)
    const over = () => this.#running.delete(run)
    // Not in between: whoever ran it is told first.
    run.then(over, over)
    const memory: Memory = { run, interest, isSecond }
    this.#memories.set(key, memory)
    const { verdict, checkout } = await run
    memory.verdict = verdict
    if (checkout) memory.checkout = checkout
    if (verdict.type === 'errored') {
      if (earlier) this.#memories.set(key, earlier)
      else this.#memories.delete(key)
    }
    return { verdict, durationMs: msBetween(began, monotonic()), remembered: false }
  }

  #distrust(tree: TreeId, stale: Checkout): void {
    stale.distrust?.()
    this.#misled.add(tree)
    if (this.#misled.size > 1) this.#parts.distrustAll?.()
  }
}
