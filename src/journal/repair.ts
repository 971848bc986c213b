import type { EpochMs } from '../domain/brand.js'
import type { Result } from '../domain/result.js'
import { ok } from '../domain/result.js'
import { cutAfterLines } from '../platform/streams/cut-file.js'

/**
 * Cuts a journal back to the lines before a bad one; the whole is kept beside it as `<path>.corrupt-<time>`. Gives the
 * path of that copy, or says in words why it cannot be done.
 *
 * @param line - the first bad line, counted from 1
 * @param now - epoch ms, for the copy's name
 */
export async function repairJournal(path: string, line: number, now: EpochMs): Promise<Result<string, string>> {
  const copy = `${path}.corrupt-${new Date(now).toISOString().replace(/[-:.]/g, '')}`
  const cut = await cutAfterLines(path, line - 1, copy)
  return cut.ok ? ok(copy) : cut
}
