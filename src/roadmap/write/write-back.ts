import { isDeepStrictEqual } from 'node:util'
import type { TaskId } from '../../domain/brand.js'
import type { HoldReason } from '../../domain/roadmap/hold.js'
import { ok, type Result } from '../../domain/result.js'
import type { TaskStatus } from '../../domain/roadmap/task.js'
import { wordsOf } from '../../domain/roadmap/task-text.js'
import type { StatusValue } from '../formats/contract.js'
import type { LoadedRoadmap } from '../load.js'
import { SeenFile } from './seen-file.js'
import { UnwrittenReports, type Unwritten } from './unwritten.js'
import { edited, tasksOf, type ParseView, type StatusEdit, type StatusEdits, type View } from './view.js'

export type { Unwritten } from './unwritten.js'

/** Writes `done` into the roadmap file, and nothing else. */
export interface StatusWriter {
  /**
   * Records in the file that a task is done. `unchanged`: the file says so already. An error is a line for the
   * summary, never a reason to fail: E181 a check prevented the write, E182 shared value, W180 the file keeps
   * changing, W183 read-only, W184 unreadable, W185 a person set another status, W186 the task is gone, W187 its text
   * has changed.
   */
  markDone(taskId: TaskId): Promise<WriteResult>
  /**
   * Checks whether a person has put the task on hold meanwhile: blocked, canceled, done by hand, or removed from the
   * file. Reads only a file that has changed. If the file isn't a roadmap at the moment, nothing changes.
   */
  held(taskId: TaskId): Promise<HoldReason | undefined>
  /** The size of the file when it was last read or written. */
  bytes(): number
}

export type WriteResult = Result<'written' | 'unchanged', Unwritten>

/** What the writer needs from outside. */
export interface StatusWriterOptions {
  /** Parses off the main thread; called only if the file differs from the last read. */
  readonly parse: ParseView
}

const maxTries = 5

/** Creates the one writer of a loaded roadmap; its calls run one after the other. */
export function createStatusWriter(loaded: LoadedRoadmap, { parse }: StatusWriterOptions): StatusWriter {
  return new RoadmapWriter(loaded, parse)
}

class RoadmapWriter implements StatusWriter {
  readonly #parse: ParseView
  readonly #file: SeenFile
  readonly #reports: UnwrittenReports
  /** The status of each task when the run began, or as it was written since. */
  readonly #statuses: Map<TaskId, TaskStatus>
  /** The tasks when the run began. */
  readonly #startTasks: View['tasks']
  readonly #startHeld: View['held']
  #nextBatch = new Batch()

  constructor(loaded: LoadedRoadmap, parse: ParseView) {
    this.#parse = parse
    this.#file = new SeenFile(loaded, parse)
    this.#reports = new UnwrittenReports(loaded.options.file)
    this.#statuses = new Map([...loaded.parsed.values].map(([id, { status }]) => [id, status]))
    this.#startTasks = tasksOf(loaded.parsed)
    this.#startHeld = this.#file.view.held
  }

  markDone(taskId: TaskId): Promise<WriteResult> {
    const result = this.#nextBatch.add(taskId)
    // Requests that arrive during a write go into the next one, together.
    void this.#file.inTurn(() => {
      const batch = this.#nextBatch
      this.#nextBatch = new Batch()
      return this.#write(batch)
    })
    return result
  }

  async held(taskId: TaskId): Promise<HoldReason | undefined> {
    await this.#file.look()
    const { values, held } = this.#file.view
    if (!values.has(taskId)) return { type: 'removed' }
    const reason = held.get(taskId)
    // A run may include tasks that were already done in the file when it began, for example to redo them.
    return isDeepStrictEqual(reason, this.#startHeld.get(taskId)) ? undefined : reason
  }

  bytes(): number {
    return this.#file.view.bytes.length
  }

  /**
   * Writes a batch in as few steps as possible: all plain edits at once, then all others with one parse. If that would
   * change more than it should, it tries fewer and fewer at a time until it finds the cause.
   */
  async #write(batch: Batch): Promise<void> {
    let most = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < maxTries && batch.size > 0;) {
      const read = await this.#file.reread()
      if (!read.ok) batch.answerAll(this.#reports.noRoadmap(read.error))
      const edits = new Map(nextEdits(this.#editsOf(batch), most))
      const written = edits.size > 0 ? await this.#splice(edits) : 'changed'
      if (written === 'changed') tries++
      else if (written === 'wrong' && edits.size > 1) most = Math.ceil(edits.size / 2)
      else {
        for (const id of edits.keys())
          batch.answer([id], written === 'wrong' ? this.#reports.wouldChangeMore(id) : written)
        most *= 2
      }
    }
    if (batch.size > 0) batch.answerAll(this.#reports.keepsChanging())
  }

  /** The edits that a batch needs; answers for the tasks that need none. */
  #editsOf(batch: Batch): readonly TaskEdit[] {
    return batch.ids().flatMap((id) => {
      const edit = this.#editOf(id, this.#file.view.values.get(id))
      if ('kind' in edit) return [[id, edit] as const]
      batch.answer([id], edit)
      return []
    })
  }

  /** The edit that writes a task's status, or what there is to say instead. */
  #editOf(id: TaskId, value: StatusValue | undefined): StatusEdit | WriteResult {
    if (!value) return this.#reports.gone(id)
    if (value.status === 'done') return ok('unchanged')
    if (value.status !== this.#statuses.get(id)) return this.#reports.otherStatus(id, value.status)
    const [then, now] = [this.#startTasks().get(id), this.#file.view.tasks().get(id)]
    // What is done is the text that the run began with.
    if (then && now && wordsOf(then) !== wordsOf(now)) return this.#reports.reworded(id, now.position.line)
    return value.kind === 'edit' ? value : this.#reports.shared(id, value.line)
  }

  /** `changed`: somebody changed the file meanwhile. `wrong`: the result would not read as it should. */
  async #splice(edits: StatusEdits): Promise<WriteResult | 'changed' | 'wrong'> {
    const next = await edited(this.#file.view, edits, this.#parse)
    if (!next) return 'wrong'
    const replaced = await this.#file.replace(next)
    if (!replaced.ok) return this.#reports.notWritable(replaced.error)
    if (replaced.value === 'changed') return 'changed'
    for (const id of edits.keys()) this.#statuses.set(id, 'done')
    this.#reports.clear()
    return ok('written')
  }
}

type TaskEdit = readonly [id: TaskId, edit: StatusEdit]

/** All plain edits, or else at most this many of the others. */
function nextEdits(edits: readonly TaskEdit[], most: number): readonly TaskEdit[] {
  const plain = edits.filter(([, edit]) => edit.plain)
  return plain.length > 0 ? plain : edits.slice(0, most)
}

/** Tasks whose status is to be written, and who waits for the result. */
class Batch {
  readonly #waiting = new Map<TaskId, ((result: WriteResult) => void)[]>()

  get size(): number {
    return this.#waiting.size
  }

  ids(): readonly TaskId[] {
    return [...this.#waiting.keys()]
  }

  add(taskId: TaskId): Promise<WriteResult> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(taskId) ?? []
      waiting.push(resolve)
      this.#waiting.set(taskId, waiting)
    })
  }

  answer(taskIds: Iterable<TaskId>, result: WriteResult): void {
    for (const taskId of taskIds) {
      for (const resolve of this.#waiting.get(taskId) ?? []) resolve(result)
      this.#waiting.delete(taskId)
    }
  }

  answerAll(result: WriteResult): void {
    this.answer(this.ids(), result)
  }
}
