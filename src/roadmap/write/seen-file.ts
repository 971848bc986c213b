import { err, ok, type Result } from '../../domain/result.js'
import { compareProblems } from '../../domain/roadmap/problem.js'
import { replaceFile, type Replaced } from '../../platform/files/atomic-write.js'
import { stampOf } from '../../platform/files/file-stamp.js'
import { readWhole } from '../../platform/files/read-whole.js'
import type { LoadedRoadmap } from '../load.js'
import { maxBytes } from '../syntax/decode.js'
import { viewOf, type ParseView, type View } from './view.js'

/** Why the file isn't a roadmap at the moment. */
export interface NoRoadmap {
  readonly text: string
  readonly line?: number
  /** The file was read, but its content isn't a roadmap; otherwise it couldn't be read. */
  readonly broken?: true
}

/** The roadmap file as last read or written. */
export class SeenFile {
  readonly #path: string
  readonly #parse: ParseView
  #view: View
  #stamp: string | undefined
  /** The last step that reads or writes the file. */
  #last: Promise<unknown> = Promise.resolve()
  #looking: Promise<unknown> = Promise.resolve()
  #nextLook: Promise<void> | undefined

  constructor({ path, bytes, parsed }: LoadedRoadmap, parse: ParseView) {
    this.#path = path
    this.#parse = parse
    this.#view = viewOf(bytes, parsed)
  }

  get view(): View {
    return this.#view
  }

  /** Runs a step after all that came before it, so that none reads while another writes. */
  inTurn<Value>(step: () => Promise<Value>): Promise<Value> {
    const mine = this.#last.then(step)
    this.#last = mine
    return mine
  }

  /** Reads what others wrote. To be called in turn. */
  async reread(): Promise<Result<void, NoRoadmap>> {
    const now = await readWhole(this.#path, maxBytes)
    if (!now.ok) return err({ text: `cannot read the roadmap (${now.error}): statuses are not written` })
    if (Buffer.compare(now.value, this.#view.bytes) === 0) return ok(undefined)
    const parsed = await this.#parse(now.value)
    if (parsed.roadmap) {
      this.#view = viewOf(now.value, parsed)
      return ok(undefined)
    }
    const [fault] = parsed.problems.filter(({ severity }) => severity === 'error').sort(compareProblems)
    const why = fault ? `: ${fault.code} ${fault.text}` : ''
    const text = `the roadmap cannot be read at the moment, so statuses are not written${why}`
    return err({ text, broken: true, ...(fault ? { line: fault.position.line } : {}) })
  }

  /** Writes the file, unless somebody has changed it since it was seen. To be called in turn. */
  async replace(next: View): Promise<Result<Replaced, string>> {
    const replaced = await replaceFile(this.#path, this.#view.bytes, next.bytes)
    if (replaced.ok && replaced.value === 'replaced') this.#view = next
    return replaced
  }

  /**
   * Reads a file that isn't what was last read or written. The look starts after the call, and is shared by all who ask
   * while another one is in progress.
   */
  look(): Promise<void> {
    if (this.#nextLook) return this.#nextLook
    this.#nextLook = this.#looking.then(() => {
      this.#nextLook = undefined
      return this.#lookNow()
    })
    this.#looking = this.#nextLook
    return this.#nextLook
  }

  async #lookNow(): Promise<void> {
    const stamp = await stampOf(this.#path)
    if (stamp !== undefined && stamp === this.#stamp) return
    const bytes = await readWhole(this.#path, maxBytes)
    if (!bytes.ok || Buffer.compare(bytes.value, this.#view.bytes) !== 0) {
      // Not while a status is being written: it may be what was just written.
      const read = await this.inTurn(() => this.reread())
      // A file that isn't a roadmap is not read again until it changes.
      if (!read.ok && read.error.broken !== true) return
    }
    this.#stamp = stamp
  }
}
