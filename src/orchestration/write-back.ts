import type { RunEvent } from '../domain/event.js'
import { formatProblemLine } from '../domain/problem.js'
import type { StatusWriter, Unwritten } from '../roadmap/write-back.js'

/** Keeps the roadmap up to date with what is done; see {@link createWriteBack}. */
export interface WriteBack {
  /** Has a task's status written now, and with it all that could not be written before. */
  readonly done: (taskId: string) => void
  /** Tries a last time, then records by name what the roadmap does not say. */
  readonly finish: () => Promise<void>
}

/**
 * Writes statuses one after the other and owes what it cannot write: a roadmap that does not parse while a person
 * edits it, or that is read-only, must not make the next run do the work again. A write that fails never fails a task.
 */
export function createWriteBack(writer: StatusWriter, record: (event: RunEvent) => void): WriteBack {
  const owed = new Set<string>()
  const refused = new Map<string, Unwritten>()
  let last = Promise.resolve()

  async function write(taskId: string): Promise<Unwritten | undefined> {
    const written = await writer.markDone(taskId)
    if (written.ok) {
      owed.delete(taskId)
      refused.delete(taskId)
      if (written.value === 'written') record({ type: 'roadmap_written', taskId })
      return undefined
    }
    const { error } = written
    refused.set(taskId, error)
    if (!error.passing) owed.delete(taskId)
    if (!error.repeated) record({ type: 'notice', level: 'warning', text: formatProblemLine(error) })
    return error
  }

  /** What keeps the file from being written for one keeps it for all: the rest need not be tried. */
  async function writeOwed(): Promise<void> {
    for (const taskId of owed) {
      const unwritten = await write(taskId)
      if (!unwritten?.passing) continue
      for (const other of owed) refused.set(other, unwritten)
      return
    }
  }

  return {
    done(taskId) {
      owed.add(taskId)
      last = last.then(writeOwed)
    },
    async finish() {
      last = last.then(writeOwed)
      await last
      for (const [taskId, { text, help }] of refused)
        record({ type: 'roadmap_not_written', taskId, why: text, ...(help === undefined ? {} : { help }) })
    },
  }
}
