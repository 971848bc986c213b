import type { Span } from '../form.js'

/** The spans of a run, as they begin and end. */
export class SpanLog {
  readonly all: Span[] = []
  /** The places of those that began or changed since somebody last looked. */
  readonly changed = new Set<number>()
  readonly #open = new Map<string, number>()
  readonly #busy = new Map<string, number>()

  /** How many slots are in use. */
  get busySlots(): number {
    return this.#busy.size
  }

  /** Begins what goes on until it is ended under the same name; gives its place. */
  begin(key: string, span: Span): number {
    this.end(key, span.from, 'cut_off')
    const index = this.add(span)
    this.#open.set(key, index)
    return index
  }

  end(key: string, ms: number, end: Span['end']): void {
    const index = this.#open.get(key)
    this.#open.delete(key)
    if (index !== undefined) this.#close(index, ms, end)
  }

  /** An agent begins on a slot. */
  occupy(slot: string, span: Span): void {
    this.release(slot, span.from, 'cut_off')
    this.#busy.set(slot, this.add({ ...span, slot }))
  }

  /** It has ended; gives which span it was. */
  release(slot: string, ms: number, end: Span['end']): number | undefined {
    const index = this.#busy.get(slot)
    if (index === undefined) return undefined
    this.#busy.delete(slot)
    this.#close(index, ms, end)
    return index
  }

  /** Adds one that is as it is; gives its place. */
  add(span: Span): number {
    const index = this.all.push(span) - 1
    this.changed.add(index)
    return index
  }

  change(index: number, change: Partial<Span>): void {
    const span = this.all[index]
    if (!span) return
    this.all[index] = { ...span, ...change }
    this.changed.add(index)
  }

  /** Ends all that is open, and cool-downs that would last longer. */
  endAll(ms: number): void {
    for (const slot of [...this.#busy.keys()]) this.release(slot, ms, 'cut_off')
    for (const key of [...this.#open.keys()]) this.end(key, ms, 'cut_off')
    for (const [index, { to = ms }] of this.all.entries()) if (to > ms) this.change(index, { to: ms })
  }

  #close(index: number, ms: number, end: Span['end']): void {
    this.change(index, { to: ms, ...(end === undefined ? {} : { end }) })
  }
}
