import type { Clock } from '../../domain/clock.js'
import type { RunEvent } from '../../domain/run/event.js'
import type { StatusWriter, Unwritten } from '../../roadmap/write/write-back.js'

/** Keeps the roadmap up to date with what is done; see {@link createWriteBack}. */
export interface WriteBack {
  /** Writes a task's status now, and with it everything that couldn't be written before. */
  readonly done: (taskId: string) => void
  /** Tries a last time, then records by name what the roadmap doesn't say. */
  readonly finish: () => Promise<void>
  /** Records by name what hasn't been written by now: nobody waits for it any longer. */
  readonly giveUp: () => void
}

/**
 * Writes statuses, all that arrive together at once, and remembers what it can't write: a roadmap that doesn't parse
 * while a person edits it, or that is read-only, must not make the next run repeat the work. A failed write never
 * fails a task.
 *
 * Each write is of the whole file, so the pause between two grows with it: otherwise many short tasks in a large
 * roadmap would spend the run on writing. Meanwhile the journal knows what is done.
 */
export function createWriteBack(writer: StatusWriter, record: (event: RunEvent) => void, clock: Clock): WriteBack {
  const owed = new Set<string>()
  const refused = new Map<string, Unwritten>()
  let inTheWay: Unwritten | undefined
  let isDue = false
  let last = Promise.resolve()
  let pause: Promise<void> | undefined
  let endPause: () => void = () => undefined
  let isFinishing = false

  const warn = ({ severity, code, text, help, position }: Unwritten) => {
    const problem = { severity, code, text, position, ...(help === undefined ? {} : { help }) }
    record({ type: 'roadmap_write_failed', ...problem })
  }

  function take(taskId: string, written: Awaited<ReturnType<StatusWriter['markDone']>>): void {
    if (!written.ok && written.error.passing) {
      if (!inTheWay && !written.error.repeated) warn(written.error)
      inTheWay = written.error
      return
    }
    owed.delete(taskId)
    if (!written.ok) {
      refused.set(taskId, written.error)
      warn(written.error)
    } else if (written.value === 'written') record({ type: 'roadmap_written', taskId })
  }

  async function write(taskIds: readonly string[]): Promise<void> {
    inTheWay = undefined
    const answers = await Promise.all(taskIds.map((taskId) => writer.markDone(taskId)))
    for (const [index, written] of answers.entries()) take(taskIds[index] ?? '', written)
  }

  /** What kept the file from being written for one task keeps it for all: then only one asks whether it still does. */
  async function writeOwed(): Promise<void> {
    isDue = false
    if (inTheWay) await write([...owed].slice(0, 1))
    if (!inTheWay) await write([...owed])
    pause = isFinishing ? undefined : startPause(writer.bytes() / bytesPerMs)
  }

  const startPause = (ms: number) =>
    new Promise<void>((resolve) => {
      const cancel = clock.schedule(ms, resolve)
      endPause = () => {
        cancel()
        resolve()
      }
    })

  const writeSoon = () => {
    if (!isDue) last = last.then(() => pause).then(writeOwed)
    isDue = true
    return last
  }

  return {
    done(taskId) {
      owed.add(taskId)
      void writeSoon()
    },
    giveUp() {
      const [why, help] = ['the run ended before it was written', 'the next run writes it; or set it to done by hand']
      for (const [taskId, { text }] of refused) record({ type: 'roadmap_not_written', taskId, why: text })
      for (const taskId of owed) record({ type: 'roadmap_not_written', taskId, why: inTheWay?.text ?? why, help })
    },
    async finish() {
      isFinishing = true
      endPause()
      await writeSoon()
      const open = [...owed].flatMap((taskId) => (inTheWay ? [[taskId, inTheWay] as const] : []))
      for (const [taskId, { text, help }] of [...refused, ...open])
        record({ type: 'roadmap_not_written', taskId, why: text, ...(help === undefined ? {} : { help }) })
    },
  }
}

/** A pause of one ms for so many bytes of the file: of six seconds for the 1.8 MB of 20,000 tasks, of 0.3 s for 1,000. */
const bytesPerMs = 300
