import { err, ok, type Result } from '../../domain/result.js'
import { cleanLine } from '../../domain/text.js'
import { closedRecords, type ClosedRecord } from '../../journal/closed.js'
import { listRuns, type KnownRun } from '../../journal/runs.js'
import type { RepositoryRefusal, RefusalCode } from '../../workspace/contract.js'
import { shownPath } from '../../ui/shown-path.js'

type NoRepository = Pick<RepositoryRefusal, 'message' | 'help'>

/** Where there may well be runs, though the repository cannot be asked. */
const hiding: ReadonlySet<RefusalCode> = new Set(['not_trusted', 'git_failed', 'git_missing', 'no_directory'])

/**
 * The runs in these directories, the newest first. Unreadable runs don't count as none: they are refused if one may be
 * the requested run, `wanted` or else the last. `refused`: why the repository is unusable.
 */
export async function knownRuns(
  roots: readonly string[],
  wanted: string | undefined,
  refused?: RepositoryRefusal,
): Promise<Result<readonly KnownRun[], NoRepository>> {
  const runs = await listRuns(roots)
  const meant = wanted === undefined ? runs[0] : runs.find(({ id }) => id === wanted)
  if (meant && wanted !== undefined) return ok(runs)
  const closed = (await closedRecords(roots)).find((one) => mayBeMeant(one, wanted, meant))
  if (closed) return err(cannotRead(closed))
  return !meant && refused && hiding.has(refused.code) ? err(refused) : ok(runs)
}

function mayBeMeant({ id }: ClosedRecord, wanted: string | undefined, last: KnownRun | undefined): boolean {
  if (wanted !== undefined) return id === undefined || id === wanted
  return last === undefined || (id !== undefined && id > last.id)
}

function cannotRead({ path, why, owner }: ClosedRecord): NoRepository {
  const whose = owner === undefined ? '' : `; it belongs to another user (uid ${owner})`
  const help =
    owner === undefined
      ? 'Make it readable for you.'
      : 'Run this as that user, or ask them to make it readable for you.'
  return {
    message: `cannot read the records of runs in ${cleanLine(shownPath(path), 300)}: ${why}${whose}`,
    help,
  }
}
