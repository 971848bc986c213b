import { failure, type Failure } from '../domain/failure.js'
import { verdictKey, type Gate, type Verdict } from '../domain/gate.js'
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

/** Judges trees by gates: all at once as far as the limit goes, and no tree twice by the same command. */
export interface Verifier {
  /**
   * Ok when every gate passed; else the first failure in the order of the gates. `onJudged` hears of every verdict but
   * of those that a canceled run left open.
   */
  verify(
    judged: Judged,
    gates: readonly Gate[],
    onJudged: (judgement: Judgement) => void,
  ): Promise<Result<void, Failure>>
}

/** An errored gate is tried so many times in all. */
const tries = 3

export function createVerifier(parts: VerifierParts): Verifier {
  // A verdict in the making is shared, too. Errored ones are forgotten: they say nothing about the tree.
  const verdicts = new Map<string, Promise<Verdict>>()

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

  const verdictOn = async (judged: Judged, gate: Gate): Promise<Omit<Judgement, 'gate' | 'tree'>> => {
    const key = verdictKey(judged.tree, gate)
    const known = verdicts.get(key)
    if (known) return { verdict: await known, durationMs: 0, remembered: true }
    const began = parts.monotonic()
    const making = run(judged, gate)
    verdicts.set(key, making)
    const verdict = await making
    if (verdict.type === 'errored') verdicts.delete(key)
    return { verdict, durationMs: parts.monotonic() - began, remembered: false }
  }

  return {
    async verify(judged, gates, onJudged) {
      const results = await Promise.all(
        gates.map(async (gate) => {
          const judgement = { gate: gate.name, tree: judged.tree, ...(await verdictOn(judged, gate)) }
          if (!parts.signal.aborted || judgement.verdict.type !== 'errored') onJudged(judgement)
          return judgement
        }),
      )
      if (parts.signal.aborted && results.some(({ verdict }) => verdict.type !== 'passed')) return err(canceled)
      for (const { gate, verdict } of results) if (verdict.type !== 'passed') return err(failureOf(gate, verdict))
      return ok(undefined)
    },
  }
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
