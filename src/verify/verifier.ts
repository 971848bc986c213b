import type { TreeId } from '../domain/brand.js'
import { failure, type Failure } from '../domain/agent/failure.js'
import { gateKey, setupGate, type Gate, type Verdict } from '../domain/landing/gate.js'
import { present } from '../domain/present.js'
import { err, ok, type Result } from '../domain/result.js'
import { cleanLine } from '../domain/text.js'
import type { GatedTree } from './checkout.js'
import { Verdicts, type Finding, type VerdictsParts } from './verdicts.js'

export type { CheckOut, GatedTree } from './checkout.js'

/** A gate's verdict on a tree, for the record. */
export interface Judgement extends Finding {
  readonly gate: string
  readonly tree: TreeId
}

export type VerifierParts = VerdictsParts

/**
 * Judges trees with gates: all at once as far as the limit allows, and no tree twice with the same command unless
 * asked.
 */
export interface Verifier {
  /**
   * Ok if every gate passed; otherwise the first that failed, in the order of the gates, with the keys of all that
   * did, or the first that errored. `onJudged` gets every verdict except those that a canceled run left open.
   *
   * Once `unwanted` is aborted, this one wants no verdict any more: it is `canceled` at once, and gates that nobody else
   * waits for are ended.
   */
  verify(
    gated: GatedTree,
    gates: readonly Gate[],
    onJudged: OnJudged,
    unwanted?: AbortSignal,
  ): Promise<Result<void, Failure>>
  /**
   * Like `verify`, but the gates that failed on this tree run once more, before a final refusal. Happens once per
   * tree; from then on the second verdict is remembered. `onJudged` gets the verdicts of gates that ran.
   */
  verifyAgain(
    gated: GatedTree,
    gates: readonly Gate[],
    onJudged: OnJudged,
    unwanted?: AbortSignal,
  ): Promise<Result<void, Failure>>
  /** What `verify` would say without running anything; undefined if it would have to run something. */
  known(tree: TreeId, gates: readonly Gate[]): 'passed' | 'failed' | undefined
  /** Resolves when no gate runs any more, not even one that is being ended. */
  settled(): Promise<void>
}

export type OnJudged = (judgement: Judgement) => void

export function createVerifier(parts: VerifierParts): Verifier {
  const { signal } = parts
  const verdicts = new Verdicts(parts)

  const verifyBy = async (
    find: (gated: GatedTree, gate: Gate) => Promise<Finding>,
    gated: GatedTree,
    gates: readonly Gate[],
    onJudged: OnJudged,
    unwanted?: AbortSignal,
  ): Promise<Result<void, Failure>> => {
    let isSetupTold = false
    const isOpen = () => signal.aborted || unwanted?.aborted === true
    const results = await Promise.all(
      gates.map(async (gate) => {
        const judgement = { gate: gate.name, tree: gated.tree, ...(await find(gated, gate)) }
        const { verdict } = judgement
        if (verdict.type === 'failed' && verdict.inSetup) {
          // Every gate has met it, but it is one failure.
          if (!isSetupTold) onJudged({ ...judgement, gate: setupGate })
          isSetupTold = true
        } else if (!isOpen() || verdict.type !== 'errored') onJudged(judgement)
        return { gate, verdict }
      }),
    )
    if (isOpen() && results.some(({ verdict }) => verdict.type !== 'passed')) return err(canceled)
    return worstOf(results)
  }

  return {
    verify: (gated, gates, onJudged, unwanted) =>
      unless(
        unwanted,
        verifyBy((tree, gate) => verdicts.first(tree, gate, unwanted), gated, gates, onJudged, unwanted),
      ),
    verifyAgain(gated, gates, onJudged, unwanted) {
      const onlyNew: OnJudged = (judgement) => {
        if (!judgement.remembered) onJudged(judgement)
      }
      const judged = verifyBy((tree, gate) => verdicts.second(tree, gate, unwanted), gated, gates, onlyNew, unwanted)
      return unless(unwanted, judged)
    },
    settled: () => verdicts.settled(),
    known(tree, gates) {
      const types = gates.map((gate) => verdicts.known(tree, gate)?.type)
      if (types.includes('failed')) return 'failed'
      return types.every((type) => type === 'passed') ? 'passed' : undefined
    },
  }
}

/** A failed gate says something about the tree, even next to one that could not run. */
function worstOf(results: readonly { readonly gate: Gate; readonly verdict: Verdict }[]): Result<void, Failure> {
  for (const type of ['failed', 'errored'] as const) {
    const [worst, ...others] = results.filter(({ verdict }) => verdict.type === type)
    if (!worst || worst.verdict.type === 'passed') continue
    const failed = failureOf(worst.gate.name, worst.verdict)
    return err(type === 'errored' ? failed : { ...failed, gates: [...new Set([worst, ...others].map(keyOf))] })
  }
  return ok(undefined)
}

/** What keeps the work out: the gate, or setup, in which all gates fail alike. */
function keyOf({ gate, verdict }: { readonly gate: Gate; readonly verdict: Verdict }): string {
  return verdict.type === 'failed' && verdict.inSetup ? setupGate : gateKey(gate)
}

/** The verdict, unless nobody wants it before it is there. */
function unless(
  unwanted: AbortSignal | undefined,
  judged: Promise<Result<void, Failure>>,
): Promise<Result<void, Failure>> {
  if (!unwanted) return judged
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(err(canceled))
    unwanted.addEventListener('abort', onAbort, { once: true })
    judged.then(resolve, reject).finally(() => unwanted.removeEventListener('abort', onAbort))
    if (unwanted.aborted) onAbort()
  })
}

const canceled = failure('canceled', 'This was canceled before the gates judged it.')

function failureOf(name: string, verdict: Exclude<Verdict, { type: 'passed' }>): Failure {
  const isSetup = verdict.type === 'failed' && verdict.inSetup
  const gate = isSetup ? setupGate : cleanLine(name, 100)
  const { message, log } = verdict
  if (verdict.type === 'errored')
    return failure('infrastructure', `The gate ${gate} could not be run: ${message}.`, present({ log }))
  const more = verdict.tail === '' ? { log } : { detail: verdict.tail, log }
  return failure('gate_failed', `The gate ${gate} failed: ${message}.`, present(more))
}
