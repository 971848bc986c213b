import type { RecordOf } from '../../domain/run/event.js'
import type { Verdict } from '../../domain/landing/gate.js'
import { cleanLine } from '../../domain/text.js'
import type { Span } from '../form.js'
import type { SpanLog } from './span-log.js'

type CheckRecord = RecordOf<
  'setup_started' | 'setup_ended' | 'gate_started' | 'gate_ended' | 'gate_judged' | 'base_judged'
>

/** The spans of setups and gates. How a gate ended is told after it; older journals tell nothing else of it. */
export class CheckSpans {
  readonly #spans: SpanLog
  /** Gates that have ended and wait for their verdict, by tree and name. */
  readonly #unjudged = new Map<string, number>()
  /** Trees on which gates were seen to run. */
  readonly #running = new Map<number, { readonly index: number; readonly key: string }>()

  constructor(spans: SpanLog) {
    this.#spans = spans
  }

  record(record: CheckRecord): void {
    switch (record.type) {
      case 'setup_started':
        this.#spans.begin(`setup ${record.run}`, { kind: 'setup', from: record.ms })
        return
      case 'setup_ended':
        this.#spans.end(`setup ${record.run}`, record.ms, record.failure ? 'failed' : 'ok')
        return
      case 'gate_started': {
        const taskId = record.taskIds.at(-1)
        const span: Span = { kind: 'gate', from: record.ms, gate: cleanLine(record.gate, 100) }
        const index = this.#spans.begin(`gate ${record.run}`, taskId === undefined ? span : { ...span, taskId })
        this.#running.set(record.run, { index, key: keyOf(record) })
        return
      }
      case 'gate_ended': {
        const running = this.#running.get(record.run)
        this.#running.delete(record.run)
        this.#spans.end(`gate ${record.run}`, record.ms, undefined)
        if (running) this.#unjudged.set(running.key, running.index)
        return
      }
      case 'gate_judged':
        if (!record.remembered && !record.by) this.#judged(record)
        return
      case 'base_judged':
        this.#baseJudged(record)
        return
    }
  }

  /** After a resume, the numbers begin again. */
  forget(): void {
    this.#unjudged.clear()
    this.#running.clear()
  }

  #judged(record: RecordOf<'gate_judged'>): void {
    const { taskId, attempt, ms, durationMs } = record
    const end = endOf(record.verdict)
    const known = this.#unjudged.get(keyOf(record))
    this.#unjudged.delete(keyOf(record))
    if (known !== undefined) this.#spans.change(known, { taskId, attempt, end })
    else this.#spans.add({ ...spanOf(ms, durationMs, record.gate), taskId, attempt, end })
  }

  #baseJudged({ tree, verdict, gates, ms, durationMs }: RecordOf<'base_judged'>): void {
    const bad = new Set(gates.map(({ gate }) => keyOf({ tree, gate })))
    const known = [...this.#unjudged].filter(([key]) => key.startsWith(tree))
    for (const [key, index] of known) {
      this.#unjudged.delete(key)
      this.#spans.change(index, { end: bad.has(key) ? endOf(verdict) : 'ok' })
    }
    if (known.length === 0) this.#spans.add({ ...spanOf(ms, durationMs, 'the base'), end: endOf(verdict) })
  }
}

function keyOf({ tree, gate }: { readonly tree: string; readonly gate: string }): string {
  return `${tree} ${gate}`
}

function spanOf(ms: number, durationMs: number, gate: string): Span {
  return { kind: 'gate', from: Math.max(0, ms - durationMs), to: ms, gate: cleanLine(gate, 100) }
}

function endOf(verdict: Verdict['type']): NonNullable<Span['end']> {
  return verdict === 'passed' ? 'ok' : verdict
}
