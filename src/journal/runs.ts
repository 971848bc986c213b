import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isRunId } from '../domain/name.js'

/** A run that has left a journal. */
export interface KnownRun {
  readonly id: string
  readonly journal: string
}

/** Where the journal of a run lies, in the work tree or the directory it ran in. */
export function journalOf(root: string, runId: string): string {
  return join(runDirOf(root, runId), 'journal.jsonl')
}

/** Where a run keeps what it records. */
export function runDirOf(root: string, runId: string): string {
  return join(runsDir(root), runId)
}

function runsDir(root: string): string {
  return join(root, '.autopilot', 'runs')
}

/** The runs that have a journal below one of these directories, the newest first. */
export async function listRuns(roots: readonly string[]): Promise<readonly KnownRun[]> {
  const found: (KnownRun & { readonly changedMs: number })[] = []
  for (const root of new Set(roots)) {
    const names = await readdir(runsDir(root)).catch(() => [])
    for (const id of names.filter(isRunId)) {
      const journal = journalOf(root, id)
      const stats = await stat(journal).catch(() => undefined)
      // One that is still empty has nothing to tell: its run is only just beginning, or never came to it.
      if (stats && stats.size > 0) found.push({ id, journal, changedMs: stats.mtimeMs })
    }
  }
  // The id begins with the second of the start; of two runs in one second, the later one has written last.
  const second = ({ id }: KnownRun) => id.slice(0, '20261123-064726'.length)
  found.sort((a, b) => (second(a) === second(b) ? b.changedMs - a.changedMs : second(a) < second(b) ? 1 : -1))
  return found.map(({ id, journal }) => ({ id, journal }))
}
