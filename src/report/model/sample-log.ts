import type { Sample } from '../form.js'

/** More are not kept: of a long run, every other one is left out, again and again. */
export const maxSamples = 2000

/** The queue and the slots over time, in bounded memory. */
export class SampleLog {
  readonly all: Sample[] = []
  /** The place of the first one that is new or changed since somebody last looked. */
  changedFrom = 0
  /** Samples that are closer to each other become one, ms. */
  #resolution = 0

  add(sample: Sample): void {
    const before = this.all.at(-2)
    if (before !== undefined && sample.ms - before.ms <= this.#resolution) this.all.pop()
    this.changedFrom = Math.min(this.changedFrom, this.all.length)
    this.all.push(sample)
    if (this.all.length > maxSamples) this.#thin(sample.ms)
  }

  #thin(ms: number): void {
    this.#resolution = Math.max(this.#resolution * 2, (4 * ms) / maxSamples)
    const kept = this.all.filter((_, index) => index % 2 === 0 || index === this.all.length - 1)
    this.all.splice(0, this.all.length, ...kept)
    this.changedFrom = 0
  }
}
