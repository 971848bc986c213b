import { failure, type Failure } from '../domain/failure.js'
import { gateKey, verdictKey, type Gate, type Verdict } from '../domain/gate.js'
import { err, ok, type Result } from '../domain/result.js'
import { cleanLine } from '../domain/text.js'

/** A clean checkout of one commit, used by one gate. */
export interface Checkout {
  readonly root: string
  /** Gives it back. */
  release(): void
}

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
}

export interface VerifierParts {
  readonly checkOut: (commit: string) => Promise<Result<Checkout, Failure>>
  readonly judge: (gate: Gate, root: string) => Promise<Verdict>
  /** Runs at most so many gates at once. */
  readonly limited: <Value>(step: () => Promise<Value>) => Promise<Value>
  readonly monotonic: () => number
  /** A run that is being canceled judges nothing any more. */
  readonly signal: AbortSignal
}

/** What is to be judged. */
export interface Judged {
  readonly commit: string
  readonly tree: string
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
  readonly making: Promise<Verdict>
  /** What it came to. */
  verdict?: Verdict
  /** It ran once more after it had failed. */
  readonly isSecond: boolean
}

type Judging = Omit<Judgement, 'gate' | 'tree'>

export function createVerifier(parts: VerifierParts): Verifier {
  // A verdict in the making is shared, too. Errored ones are forgotten: they say nothing about the tree.
  const memories = new Map<string, Memory>()

  const run = async (judged: Judged, gate: Gate): Promise<Verdict> => {
    for (let left = tries - 1; ; left--) {
      const verdict = await parts.limited(() => once(judged, gate))
      if (verdict.type !== 'errored' || left === 0 || parts.signal.aborted) return verdict
    }
  }

  const once = async ({ commit }: Judged, gate: Gate): Promise<Verdict> => {
    if (parts.signal.aborted) return { type: 'errored', message: canceled.message }
    const checkout = await parts.checkOut(commit)
    if (!checkout.ok) return { type: 'errored', message: checkout.error.message }
    try {
      return await parts.judge(gate, checkout.value.root)
    } finally {
      checkout.value.release()
    }
  }

  const make = async (judged: Judged, gate: Gate, isSecond: boolean): Promise<Judging> => {
    const key = verdictKey(judged.tree, gate)
    const before = memories.get(key)
    const began = parts.monotonic()
    const memory: Memory = { making: run(judged, gate), isSecond }
    memories.set(key, memory)
    const verdict = await memory.making
    memory.verdict = verdict
    if (verdict.type === 'errored') {
      if (before) memories.set(key, before)
      else memories.delete(key)
    }
    return { verdict, durationMs: parts.monotonic() - began, remembered: false }
  }

  const first = (judged: Judged, gate: Gate): Promise<Judging> => {
    const known = memories.get(verdictKey(judged.tree, gate))
    // Who made it is told before those who share it.
    return known?.making.then((verdict) => ({ verdict, durationMs: 0, remembered: true })) ?? make(judged, gate, false)
  }

  const second = async (judged: Judged, gate: Gate): Promise<Judging> => {
    const judgement = await first(judged, gate)
    const known = memories.get(verdictKey(judged.tree, gate))
    if (judgement.verdict.type !== 'failed' || known?.isSecond !== false) return judgement
    const made = await make(judged, gate, true)
    return { ...made, again: true, ...(made.verdict.type === 'passed' ? { flaky: true } : {}) }
  }

  const verifyBy = async (
    how: (judged: Judged, gate: Gate) => Promise<Judging>,
    judged: Judged,
    gates: readonly Gate[],
    onJudged: OnJudged,
  ): Promise<Result<void, Failure>> => {
    const results = await Promise.all(
      gates.map(async (gate) => {
        const judgement = { gate: gate.name, tree: judged.tree, ...(await how(judged, gate)) }
        if (!parts.signal.aborted || judgement.verdict.type !== 'errored') onJudged(judgement)
        return { gate, verdict: judgement.verdict }
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
    return err(type === 'errored' ? found : { ...found, gates: [worst, ...others].map(({ gate }) => gateKey(gate)) })
  }
  return ok(undefined)
}

const canceled = failure('canceled', 'The run was canceled before the gates had judged this.')

function failureOf(name: string, verdict: Exclude<Verdict, { type: 'passed' }>): Failure {
  const gate = cleanLine(name, 100)
  if (verdict.type === 'errored') {
    return failure('infrastructure', `The gate ${gate} could not be run: ${verdict.message}.`)
  }
  const detail = verdict.tail.trim()
  return failure('gate_failed', `The gate ${gate} failed: ${verdict.message}.`, detail === '' ? {} : { detail })
}
