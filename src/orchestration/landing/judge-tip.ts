import { msBetween } from '../../domain/clock.js'
import type { CommitId, MonotonicMs } from '../../domain/brand.js'
import type { RunEvent } from '../../domain/run/event.js'
import { gateKey, type Gate } from '../../domain/landing/gate.js'
import { cleanLine } from '../../domain/text.js'
import type { GatedTree, Judgement, Verifier } from '../../verify/verifier.js'
import type { Repository } from '../../workspace/contract.js'
import { readCommit } from '../../workspace/land/stack.js'

/** What the gates of everybody say of the target's tip. `open`: the run was canceled, or it did not matter any more. */
export type TipVerdict =
  | {
      readonly type: 'judged'
      readonly facts: Omit<Extract<RunEvent, { type: 'base_judged' }>, 'type'>
      /** The gates that failed twice. */
      readonly red: readonly { readonly key: string; readonly name: string }[]
    }
  | { readonly type: 'open' }

export interface TipJudgeParts {
  readonly repository: Repository
  readonly verifier: Verifier
  readonly gates: readonly Gate[]
  readonly signal: AbortSignal
  readonly monotonic: () => MonotonicMs
  readonly onFlaky: (gate: string, fresh: boolean) => void
}

/** Judges a commit of the target's by the gates of everybody, without any work on top. What fails runs once more. */
export async function judgeTip(
  commit: CommitId,
  isMoot: () => boolean,
  { repository, verifier, gates, signal, monotonic, onFlaky }: TipJudgeParts,
): Promise<TipVerdict> {
  const began = monotonic()
  const read = await readCommit(repository, commit)
  if (!read.ok) return { type: 'open' }
  const { tree } = read.value
  const lasts = await Promise.all(gates.map((gate) => lastWord({ commit, tree, base: commit }, gate, isMoot, verifier)))
  if (signal.aborted) return { type: 'open' }
  for (const { gate, last } of lasts) if (last?.flaky) onFlaky(gate.name, last.fresh === true)
  const failed = lasts.filter(({ last, isFinal }) => last?.verdict.type === 'failed' && isFinal)
  if (failed.length === 0 && lasts.some(({ isFinal }) => !isFinal)) return { type: 'open' }
  const errored = lasts.filter(({ last }) => last?.verdict.type === 'errored')
  const told = failed.length > 0 ? failed : errored
  return {
    type: 'judged',
    red: failed.map(({ gate }) => ({ key: gateKey(gate), name: cleanLine(gate.name, 100) })),
    facts: {
      ...{ commit, tree, durationMs: msBetween(began, monotonic()) },
      verdict: failed.length > 0 ? 'failed' : errored.length > 0 ? 'errored' : 'passed',
      gates: told.flatMap(({ gate, last }) => (last ? [describeFailed(gate, last)] : [])),
    },
  }
}

interface LastWord {
  readonly gate: Gate
  readonly last?: Judgement
  /** False for a failure that was not judged a second time. */
  readonly isFinal: boolean
}

async function lastWord(gated: GatedTree, gate: Gate, isMoot: () => boolean, verifier: Verifier): Promise<LastWord> {
  let last: Judgement | undefined
  const onJudged = (judgement: Judgement) => (last = judgement)
  const first = await verifier.verify(gated, [gate], onJudged)
  const isFailed = !first.ok && first.error.kind === 'gate_failed'
  const isFinal = !isFailed || !isMoot()
  if (isFailed && isFinal) await verifier.verifyAgain(gated, [gate], onJudged)
  return { gate, isFinal, ...(last ? { last } : {}) }
}

function describeFailed({ name }: Gate, { verdict }: Judgement) {
  const gate = cleanLine(name, 100)
  if (verdict.type === 'passed') return { gate, message: '' }
  if (verdict.type === 'errored') return { gate, message: verdict.message }
  const { message, tail, log } = verdict
  return { gate, message, ...(tail === '' ? {} : { tail }), ...(log === undefined ? {} : { log }) }
}
