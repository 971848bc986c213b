import type { TaskId } from '../../domain/brand.js'
import { present } from '../../domain/present.js'
import type { Judgement } from '../../verify/verifier.js'
import type { Recorder } from '../recorder.js'
import type { Attempt } from '../../domain/attempt/attempt.js'

/** Makes a verdict a fact of the run. A flaky gate is told: what it says of other trees may be chance, too. */
export function recordJudgement(
  recorder: Recorder,
  { id }: Attempt,
  { verdict, ...facts }: Judgement,
  together: readonly TaskId[],
): void {
  const about = { ...id, ...(together.length === 0 ? {} : { together }) }
  const { type, log } = verdict
  void recorder.record({ type: 'gate_judged', ...about, ...facts, verdict: type, ...present({ log }) })
  if (facts.flaky) noteFlaky(recorder, facts.gate, facts.fresh === true)
}

export function noteFlaky(recorder: Pick<Recorder, 'record'>, gate: string, fresh: boolean): void {
  void recorder.record({ type: 'gate_wavered', gate, ...(fresh ? { fresh } : {}) })
}
