import { readLastLine } from '../platform/last-line.js'

/** Far longer than the record of a run's end. */
const mostBytes = 64 * 1024

/** Whether a run's journal lacks its end; one that cannot be read has none. Reads only its last line. */
export async function isUnfinished(journal: string): Promise<boolean> {
  const last = await readLastLine(journal, mostBytes)
  if (!last.ok || last.value === undefined) return true
  try {
    return (JSON.parse(last.value) as { readonly type?: unknown }).type !== 'run_finished'
  } catch {
    return true
  }
}
