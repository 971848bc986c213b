import { msBetween } from '../domain/clock.js'
import type { MonotonicMs } from '../domain/brand.js'
import { failure, type Failure } from '../domain/agent/failure.js'
import { gateKey, setupGate, verdictKey, type Gate, type Verdict } from '../domain/landing/gate.js'
import { err, ok, type Result } from '../domain/result.js'
import { cleanLine } from '../domain/text.js'
import type { Checkout, CheckOut, Judged } from './checkout.js'
import { oneAtATime } from './one-at-a-time.js'
import { createSetupJudge } from './judge-setup.js'

export type { CheckOut, Judged } from './checkout.js'

/** A gate's verdict on a tree, for the record. Times in ms. */
export interface Judgement {
  readonly gate: string
  readonly tree: string
  readonly verdict: Verdict
  readonly durationMs: number
  /** It was known already; nothing ran. */
  readonly remembered: boolean
  /** The gate had failed on this tree before: it ran once more. */
  readonly again?: true
  /** And passed: its failure was chance. */
  readonly flaky?: true
  /** It passed in a place that was set up anew: what the other had kept from before may be to blame. */
  readonly fresh?: true
}

export interface VerifierParts {
  readonly checkOut: CheckOut
  /** The commit at which the target stands. */
  readonly tip: () => string
  /** Gates were misled on more than one tree: no place that keeps something from before is to be trusted. */
  readonly distrustAll?: () => void
  readonly judge: (gate: Gate, root: string, where: GateWork) => Promise<Verdict>
  /** Runs at most so many gates at once, each under a number that no other has meanwhile. */
  readonly limited: <Value>(step: (job: number) => Promise<Value>) => Promise<Value>
  readonly monotonic: () => MonotonicMs
  /** A run that is being canceled judges nothing any more. */
  readonly signal: AbortSignal
}

/** The job that runs a gate, counted from 1, and what its run is about. */
export interface GateWork extends Pick<Judged, 'base' | 'taskId'> {
  readonly job: number
}

/** Judges trees by gates: all at once as far as the limit goes, and no tree twice by the same command unless asked. */
export interface Verifier {
  /**
   * Ok when every gate passed; else the first that failed, in the order of the gates, with the keys of all that did, or
   * the first that errored.
   * `onJudged` hears of every verdict but of those that a canceled run left open.
   */
  verify(judged: Judged, gates: readonly Gate[], onJudged: OnJudged): Promise<Result<void, Failure>>
  /**
   * As `verify`, but the gates that failed on this tree run once more: for the last word before it is refused. Done once
   * a tree; from then on the second verdict is what is remembered. `onJudged` hears of what ran.
   */
  verifyAgain(judged: Judged, gates: readonly Gate[], onJudged: OnJudged): Promise<Result<void, Failure>>
  /** What `verify` would say without running anything; undefined when it would have to. */
  known(tree: string, gates: readonly Gate[]): 'passed' | 'failed' | undefined
}

export type OnJudged = (judgement: Judgement) => void

/** An errored gate is tried so many times in all. */
const tries = 3

/** What is remembered of a gate on a tree. */
interface Memory {
  readonly making: Promise<Ran>
  /** What it came to. */
  verdict?: Verdict
  /** It ran once more after it had failed. */
  readonly isSecond: boolean
  /** Where it ran last. */
  checkout?: Checkout
}

/** What came of running a gate, and where it ran. `isLast`: another try would say the same. */
interface Ran {
  readonly verdict: Verdict
  readonly checkout?: Checkout
  readonly isLast?: true
}

interface Once {
  readonly afresh: boolean
  readonly job: number
}

type Judging = Omit<Judgement, 'gate' | 'tree'>

export function createVerifier(parts: VerifierParts): Verifier {
  // A verdict in the making is shared, too. Errored ones are forgotten: they say nothing about the tree.
  const memories = new Map<string, Memory>()
  const setup = createSetupJudge(parts)
  /** What gates are exclusive, by their keys: another task may ask for the same without saying so. */
  const exclusive = new Set<string>()
  const alone = oneAtATime()
  /** The trees on which a gate was misled by what a place had kept. */
  const misled = new Set<string>()

  /** Waits before it has a job, which others can use meanwhile. */
  const inTurn = <Value>(gate: Gate, step: () => Promise<Value>): Promise<Value> => {
    const key = gateKey(gate)
    if (gate.exclusive) exclusive.add(key)
    return exclusive.has(key) ? alone(key, step) : step()
  }

  const run = async (judged: Judged, gate: Gate, afresh: boolean): Promise<Ran> => {
    for (let left = tries - 1; ; left--) {
      const ran = await inTurn(gate, () => parts.limited((job) => once(judged, gate, { afresh, job })))
      if (ran.verdict.type !== 'errored' || ran.isLast || left === 0 || parts.signal.aborted) return ran
    }
  }

  const once = async (judged: Judged, gate: Gate, { afresh, job }: Once): Promise<Ran> => {
    if (parts.signal.aborted) return { verdict: { type: 'errored', message: canceled.message } }
    const known = await setup.known(judged.tree)
    if (known?.type === 'failed') return { verdict: known }
    const checkout = await checkedOut(judged, afresh)
    if ('verdict' in checkout) return checkout
    try {
      return { verdict: await parts.judge(gate, checkout.root, { ...judged, job }), checkout }
    } finally {
      checkout.release()
    }
  }

  /** A checkout, once setup has passed in one; the verdict on the tree where it does not. */
  const checkedOut = async (judged: Judged, afresh: boolean): Promise<Checkout | Ran> => {
    const checkOut = () => (afresh ? parts.checkOut(judged.commit, { afresh }) : parts.checkOut(judged.commit))
    const first = await checkOut()
    if (first.ok) return first.value
    const verdict = await setup.judge(judged, first.error)
    // It has been tried often enough for a verdict.
    if (verdict.type !== 'passed') return { verdict, ...(first.error.inSetup ? { isLast: true } : {}) }
    const again = await checkOut()
    return again.ok ? again.value : { verdict: { type: 'errored', message: again.error.message } }
  }

  const make = async (judged: Judged, gate: Gate, isSecond: boolean): Promise<Judging> => {
    const key = verdictKey(judged.tree, gate)
    const before = memories.get(key)
    const began = parts.monotonic()
    const running = run(judged, gate, isSecond)
    const memory: Memory = { making: running, isSecond }
    memories.set(key, memory)
    const { verdict, checkout } = await running
    memory.verdict = verdict
    if (checkout) memory.checkout = checkout
    if (verdict.type === 'errored') {
      if (before) memories.set(key, before)
      else memories.delete(key)
    }
    return { verdict, durationMs: msBetween(began, parts.monotonic()), remembered: false }
  }

  const first = (judged: Judged, gate: Gate): Promise<Judging> => {
    const known = memories.get(verdictKey(judged.tree, gate))
    // Who made it is told before those who share it.
    return (
      known?.making.then(({ verdict }) => ({ verdict, durationMs: 0, remembered: true })) ?? make(judged, gate, false)
    )
  }

  const second = async (judged: Judged, gate: Gate): Promise<Judging> => {
    const judgement = await first(judged, gate)
    const known = memories.get(verdictKey(judged.tree, gate))
    if (judgement.verdict.type !== 'failed' || known?.isSecond !== false) return judgement
    const made = await make(judged, gate, true)
    if (made.verdict.type !== 'passed') return { ...made, again: true }
    if (!known.checkout?.holdsOlder) return { ...made, again: true, flaky: true }
    distrust(judged.tree, known.checkout)
    return { ...made, again: true, flaky: true, fresh: true }
  }

  const distrust = (tree: string, stale: Checkout): void => {
    stale.distrust?.()
    misled.add(tree)
    if (misled.size > 1) parts.distrustAll?.()
  }

  const verifyBy = async (
    how: (judged: Judged, gate: Gate) => Promise<Judging>,
    judged: Judged,
    gates: readonly Gate[],
    onJudged: OnJudged,
  ): Promise<Result<void, Failure>> => {
    let isSetupTold = false
    const results = await Promise.all(
      gates.map(async (gate) => {
        const judgement = { gate: gate.name, tree: judged.tree, ...(await how(judged, gate)) }
        const { verdict } = judgement
        if (verdict.type === 'failed' && verdict.inSetup) {
          // Every gate has met it, but it is one.
          if (!isSetupTold) onJudged({ ...judgement, gate: setupGate })
          isSetupTold = true
        } else if (!parts.signal.aborted || verdict.type !== 'errored') onJudged(judgement)
        return { gate, verdict }
      }),
    )
    if (parts.signal.aborted && results.some(({ verdict }) => verdict.type !== 'passed')) return err(canceled)
    return worstOf(results)
  }

  return {
    verify: (judged, gates, onJudged) => verifyBy(first, judged, gates, onJudged),
    verifyAgain: (judged, gates, onJudged) =>
      verifyBy(second, judged, gates, (judgement) => {
        if (!judgement.remembered) onJudged(judgement)
      }),
    known(tree, gates) {
      const verdicts = gates.map((gate) => memories.get(verdictKey(tree, gate))?.verdict?.type)
      if (verdicts.includes('failed')) return 'failed'
      return verdicts.every((verdict) => verdict === 'passed') ? 'passed' : undefined
    },
  }
}

/** A gate that failed says something of the tree, also beside one that could not be run. */
function worstOf(results: readonly { readonly gate: Gate; readonly verdict: Verdict }[]): Result<void, Failure> {
  for (const type of ['failed', 'errored'] as const) {
    const [worst, ...others] = results.filter(({ verdict }) => verdict.type === type)
    if (!worst || worst.verdict.type === 'passed') continue
    const found = failureOf(worst.gate.name, worst.verdict)
    return err(type === 'errored' ? found : { ...found, gates: [...new Set([worst, ...others].map(keyOf))] })
  }
  return ok(undefined)
}

/** What keeps the work out: the gate, or setup, in which all gates fail alike. */
function keyOf({ gate, verdict }: { readonly gate: Gate; readonly verdict: Verdict }): string {
  return verdict.type === 'failed' && verdict.inSetup ? setupGate : gateKey(gate)
}

const canceled = failure('canceled', 'The run was canceled before the gates judged this.')

function failureOf(name: string, verdict: Exclude<Verdict, { type: 'passed' }>): Failure {
  const isSetup = verdict.type === 'failed' && verdict.inSetup
  const gate = isSetup ? setupGate : cleanLine(name, 100)
  if (verdict.type === 'errored') {
    return failure('infrastructure', `The gate ${gate} could not be run: ${verdict.message}.`)
  }
  const detail = verdict.tail.trim()
  return failure('gate_failed', `The gate ${gate} failed: ${verdict.message}.`, detail === '' ? {} : { detail })
}
