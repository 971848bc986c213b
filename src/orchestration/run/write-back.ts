import type { TaskId } from '../../domain/brand.js'
import type { Clock } from '../../domain/clock.js'
import { present } from '../../domain/present.js'
import type { RunEvent } from '../../domain/run/event.js'
import type { StatusWriter, Unwritten, WriteResult } from '../../roadmap/write/write-back.js'

/** A pause of one ms for so many bytes of the file: of six seconds for the 1.8 MB of 20,000 tasks, of 0.3 s for 1,000. */
const bytesPerMs = 300

/**
 * Keeps the roadmap up to date with what is done: writes statuses, all that arrive together at once, and remembers what
 * it can't write. A roadmap that doesn't parse while a person edits it, or that is read-only, must not make the next run
 * repeat the work. A failed write never fails a task.
 *
 * Each write is of the whole file, so the pause between two grows with it: otherwise many short tasks in a large
 * roadmap would spend the run on writing. Meanwhile the journal knows what is done.
 */
export class WriteBack {
  readonly #writer: StatusWriter
  readonly #record: (event: RunEvent) => void
  readonly #clock: Clock
  readonly #owed = new Set<TaskId>()
  readonly #refused = new Map<TaskId, Unwritten>()
  /** What keeps the file from being written for any task. */
  #obstacle: Unwritten | undefined
  /** A write is going to begin, with all that is owed by then. */
  #isDue = false
  #lastWrite = Promise.resolve()
  #pause: Pause | undefined
  #isFinishing = false

  constructor(writer: StatusWriter, record: (event: RunEvent) => void, clock: Clock) {
    this.#writer = writer
    this.#record = record
    this.#clock = clock
  }

  /** Writes a task's status now, and with it everything that couldn't be written before. */
  done(taskId: TaskId): void {
    this.#owed.add(taskId)
    void this.#writeSoon()
  }

  /** Tries a last time, then records by name what the roadmap doesn't say. */
  async finish(): Promise<void> {
    this.#isFinishing = true
    this.#pause?.end()
    await this.#writeSoon()
    for (const [taskId, { text, help }] of this.#refused) this.#recordUnwritten(taskId, text, help)
    if (!this.#obstacle) return
    const { text, help } = this.#obstacle
    for (const taskId of this.#owed) this.#recordUnwritten(taskId, text, help)
  }

  /** Records by name what hasn't been written by now: nobody waits for it any longer. */
  giveUp(): void {
    for (const [taskId, { text }] of this.#refused) this.#recordUnwritten(taskId, text)
    const why = this.#obstacle?.text ?? 'the run ended before it was written'
    for (const taskId of this.#owed)
      this.#recordUnwritten(taskId, why, 'the next run writes it; or set it to done by hand')
  }

  #writeSoon(): Promise<void> {
    if (!this.#isDue) this.#lastWrite = this.#lastWrite.then(() => this.#pause?.over).then(() => this.#writeOwed())
    this.#isDue = true
    return this.#lastWrite
  }

  /** What kept the file from being written for one task keeps it for all: then only one asks whether it still does. */
  async #writeOwed(): Promise<void> {
    this.#isDue = false
    if (this.#obstacle) await this.#write([...this.#owed].slice(0, 1))
    if (!this.#obstacle) await this.#write([...this.#owed])
    this.#pause = this.#isFinishing ? undefined : new Pause(this.#clock, this.#writer.bytes() / bytesPerMs)
  }

  async #write(taskIds: readonly TaskId[]): Promise<void> {
    this.#obstacle = undefined
    const write = async (taskId: TaskId) => ({ taskId, result: await this.#writer.markDone(taskId) })
    for (const { taskId, result } of await Promise.all(taskIds.map(write))) this.#take(taskId, result)
  }

  #take(taskId: TaskId, result: WriteResult): void {
    if (!result.ok && result.error.passing) {
      if (!this.#obstacle && !result.error.repeated) this.#warn(result.error)
      this.#obstacle = result.error
      return
    }
    this.#owed.delete(taskId)
    if (!result.ok) {
      this.#refused.set(taskId, result.error)
      this.#warn(result.error)
    } else if (result.value === 'written') this.#record({ type: 'roadmap_written', taskId })
  }

  #warn({ severity, code, text, help, position }: Unwritten): void {
    this.#record({ type: 'roadmap_write_failed', severity, code, text, position, ...present({ help }) })
  }

  #recordUnwritten(taskId: TaskId, why: string, help?: string): void {
    this.#record({ type: 'roadmap_not_written', taskId, why, ...present({ help }) })
  }
}

/** A pause that can be ended early. */
class Pause {
  readonly over: Promise<void>
  end: () => void = () => undefined

  constructor(clock: Clock, ms: number) {
    this.over = new Promise((resolve) => {
      const cancel = clock.schedule(ms, resolve)
      this.end = () => {
        cancel()
        resolve()
      }
    })
  }
}
