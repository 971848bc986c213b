import { readLastLine } from '../platform/streams/read-end.js'

/** Far longer than the record of a run's end. */
const maxBytes = 64 * 1024

/** Whether a run's journal lacks its end; one that cannot be read has none. Reads only its last line. */
export async function isUnfinished(journal: string): Promise<boolean> {
  return (await readExitCode(journal)) === undefined
}

/**
 * The exit code with which a run came to its end, with all its tasks counted; undefined for one that did not. Reads only the
 * journal's last line.
 */
export async function readExitCode(journal: string): Promise<number | undefined> {
  const last = await readLastLine(journal, maxBytes)
  if (!last.ok || last.value === undefined) return undefined
  try {
    const end = JSON.parse(last.value) as Readonly<Partial<Record<'type' | 'exitCode' | 'ofAll', unknown>>>
    const code = end.ofAll ?? end.exitCode
    return end.type === 'run_finished' && typeof code === 'number' ? code : undefined
  } catch {
    return undefined
  }
}
