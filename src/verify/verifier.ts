import { msBetween } from '../domain/clock.js'
import type { CommitId, MonotonicMs, TreeId } from '../domain/brand.js'
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
  readonly tree: TreeId
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

export interface VerifierParts {
  readonly checkOut: CheckOut
  /** The commit at the target's tip. */
  readonly tip: () => CommitId
  /** Stale places misled gates on more than one tree: no place that keeps anything is trusted any more. */
  readonly distrustAll?: () => void
  readonly judge: (gate: Gate, root: string, where: GateWork) => Promise<Verdict>
  /** Runs at most this many gates at once, each under a number that no other has at the same time. */
  readonly limited: <Value>(step: (job: number) => Promise<Value>) => Promise<Value>
  readonly monotonic: () => MonotonicMs
  /** A run that is being canceled judges nothing more. */
  readonly signal: AbortSignal
}

/** The job that runs a gate, counted from 1, and the task that it is about. */
export interface GateWork extends Pick<Judged, 'base' | 'taskId'> {
  readonly job: number
}

/**
 * Judges trees with gates: all at once as far as the limit allows, and no tree twice with the same command unless
 * asked.
 */
export interface Verifier {
  /**
   * Ok if every gate passed; otherwise the first that failed, in the order of the gates, with the keys of all that
   * did, or the first that errored. `onJudged` gets every verdict except those that a canceled run left open.
   */
  verify(judged: Judged, gates: readonly Gate[], onJudged: OnJudged): Promise<Result<void, Failure>>
  /**
   * Like `verify`, but the gates that failed on this tree run once more, before a final refusal. Happens once per
   * tree; from then on the second verdict is remembered. `onJudged` gets the verdicts of gates that ran.
   */
  verifyAgain(judged: Judged, gates: readonly Gate[], onJudged: OnJudged): Promise<Result<void, Failure>>
  /** What `verify` would say without running anything; undefined if it would have to run something. */
  known(tree: TreeId, gates: readonly Gate[]): 'passed' | 'failed' | undefined
}

export type OnJudged = (judgement: Judgement) => void

/** How often an errored gate is tried in all. */
const tries = 3

/** What is remembered about a gate on a tree. */
interface Memory {
  readonly making: Promise<Ran>
  /** What it came to. */
  verdict?: Verdict
  /** It ran once more after a failure. */
  readonly isSecond: boolean
  /** Where it ran last. */
  checkout?: Checkout
}

/** The result of running a gate, and where it ran. `isLast`: another try would give the same. */
interface Ran {
  readonly verdict: Verdict
  readonly checkout?: Checkout
  readonly isLast?: true
}

interface Once {
  readonly fresh: boolean
  readonly job: number
}

type Judging = Omit<Judgement, 'gate' | 'tree'>

export function createVerifier(parts: VerifierParts): Verifier {
  // A verdict in progress is shared, too. Errored verdicts are forgotten: they say nothing about the tree.
  const memories = new Map<string, Memory>()
  const setup = createSetupJudge(parts)
  /** The keys of exclusive gates: another task may name the same gate without saying so. */
  const exclusive = new Set<string>()
  const alone = oneAtATime()
  /** Trees on which kept files of a place misled a gate. */
  const misled = new Set<string>()

  /** Waits before it takes a job, so that others can use the job. */
  const inTurn = <Value>(gate: Gate, step: () => Promise<Value>): Promise<Value> => {
    const key = gateKey(gate)
    if (gate.exclusive) exclusive.add(key)
    return exclusive.has(key) ? alone(key, step) : step()
  }

  const run = async (judged: Judged, gate: Gate, fresh: boolean): Promise<Ran> => {
    for (let left = tries - 1; ; left--) {
      const ran = await inTurn(gate, () => parts.limited((job) => once(judged, gate, { fresh, job })))
      if (ran.verdict.type !== 'errored' || ran.isLast || left === 0 || parts.signal.aborted) return ran
    }
  }

  const once = async (judged: Judged, gate: Gate, { fresh, job }: Once): Promise<Ran> => {
    if (parts.signal.aborted) return { verdict: { type: 'errored', message: canceled.message } }
    const known = await setup.known(judged.tree)
    if (known?.type === 'failed') return { verdict: known }
    const checkout = await checkedOut(judged, fresh)
    if ('verdict' in checkout) return checkout
    try {
      return { verdict: await parts.judge(gate, checkout.root, { ...judged, job }), checkout }
    } finally {
      checkout.release()
    }
  }

  /** A checkout in which setup has passed; otherwise the verdict on the tree. */
  const checkedOut = async (judged: Judged, fresh: boolean): Promise<Checkout | Ran> => {
    const checkOut = () => (fresh ? parts.checkOut(judged.commit, { fresh }) : parts.checkOut(judged.commit))
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
    // Whoever ran it is told before those who share the result.
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

  const distrust = (tree: TreeId, stale: Checkout): void => {
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
          // Every gate has met it, but it is one failure.
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

/** A failed gate says something about the tree, even next to one that could not run. */
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
