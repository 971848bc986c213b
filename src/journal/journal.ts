import { jsonLine } from '../domain/json-line.js'
import type { RunRecord } from '../domain/run/event.js'
import { ok, type Result } from '../domain/result.js'
import { openAppendFile, type AppendFile } from '../platform/files/append-file.js'
import { cutTail } from '../platform/streams/cut-file.js'

/** The append-only file of a run's events, one JSON record a line. */
export interface Journal {
  /** Resolves when the record is on disk. Rejects if it couldn't be written: then the run must not continue. */
  append(record: RunRecord): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a journal; the error says in words why it can't be written. A last line that was being written when autopilot
 * died was never confirmed: it goes to `<path>.torn`, so that the next record starts a line.
 *
 * It has group commit: records that arrive during a write go out together with the next one, so that each is durable
 * and they share the cost of fdatasync (0.2 ms at the median, measured on ext4). After a failed append all further
 * ones fail: nothing may follow half a record.
 */
export async function openJournal(path: string): Promise<Result<Journal, string>> {
  const cut = await cutTail(path, `${path}.torn`)
  if (!cut.ok) return cut
  const opened = await openAppendFile(path)
  return opened.ok ? ok(journalIn(opened.value)) : opened
}

function journalIn(file: AppendFile): Journal {
  let batch: { readonly lines: string[]; readonly written: Promise<void> } | undefined
  let last: Promise<void> = Promise.resolve()
  const startBatch = () => {
    const lines: string[] = []
    const written = last.then(() => {
      batch = undefined
      return file.append(lines.join(''))
    })
    last = written
    return { lines, written }
  }
  return {
    append(record) {
      batch ??= startBatch()
      batch.lines.push(jsonLine(record))
      return batch.written
    },
    async close() {
      await last.catch(() => undefined)
      await file.close()
    },
  }
}
