import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunId } from '../domain/brand.js'
import { exitCodes } from '../domain/run/exit-code.js'
import { isRunId } from '../domain/name.js'
import { writePrivateFile } from '../platform/files/private-file.js'
import { readExitCode } from './unfinished.js'

/** A run that has left a journal. */
export interface KnownRun {
  readonly id: RunId
  readonly journal: string
}

/** Where the journal of a run is, in the work tree or the directory where it ran. */
export function journalOf(root: string, runId: RunId): string {
  return join(runDirOf(root, runId), 'journal.jsonl')
}

/** Where a run keeps what it records. */
export function runDirOf(root: string, runId: RunId): string {
  return join(runsDir(root), runId)
}

/** Where the runs of a work tree or a directory lie. */
export function runsDir(root: string): string {
  return join(root, '.autopilot', 'runs')
}

/**
 * Gives a run that begins or continues the next number of its directory: these numbers order the runs whatever the
 * machine's clock says. Call it with the lock held.
 */
export async function numberRun(root: string, runId: RunId): Promise<void> {
  const names = await readdir(runsDir(root)).catch((): string[] => [])
  const numbers = await Promise.all(names.filter(isRunId).map((id) => numberOf(root, id)))
  await writePrivateFile(join(runDirOf(root, runId), 'number'), `${Math.max(0, ...numbers) + 1}\n`)
}

/** 0 for a run of a version that gave them none. */
async function numberOf(root: string, id: RunId): Promise<number> {
  const text = await readFile(join(runDirOf(root, id), 'number'), 'utf8').catch(() => '')
  return /^\d{1,9}\n$/.test(text) ? Number(text) : 0
}

interface FoundRun extends KnownRun {
  readonly number: number
  readonly isDone: boolean
  readonly changedMs: number
}

/**
 * The runs that have a journal below one of these directories, the newest first. Those without a number come last, and
 * of them first what did not get everything done: their clocks may have been wrong.
 */
export async function listRuns(roots: readonly string[]): Promise<readonly KnownRun[]> {
  const found: FoundRun[] = []
  for (const root of new Set(roots)) {
    const names = await readdir(runsDir(root)).catch((): string[] => [])
    for (const id of names.filter(isRunId)) {
      const journal = journalOf(root, id)
      const stats = await stat(journal).catch(() => undefined)
      // An empty journal says nothing: its run is only just starting, or never got that far.
      if (!stats || stats.size === 0) continue
      const number = await numberOf(root, id)
      const isDone = number === 0 && (await readExitCode(journal)) === exitCodes.done
      found.push({ id, journal, number, isDone, changedMs: stats.mtimeMs })
    }
  }
  found.sort(newestFirst)
  return found.map(({ id, journal }) => ({ id, journal }))
}

function newestFirst(a: FoundRun, b: FoundRun): number {
  if (a.number !== b.number) return b.number - a.number
  if (a.isDone !== b.isDone) return a.isDone ? 1 : -1
  // The id starts with the second of the start; of two runs in one second, the later one has written last.
  const second = ({ id }: KnownRun) => id.slice(0, '20261123-064726'.length)
  if (second(a) === second(b)) return b.changedMs - a.changedMs
  return second(a) < second(b) ? 1 : -1
}
