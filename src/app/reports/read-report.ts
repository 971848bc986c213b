import type { CommitId, EpochMs } from '../../domain/brand.js'
import { msBetween } from '../../domain/clock.js'
import { ok, type Result } from '../../domain/result.js'
import type { RunState } from '../../domain/run/run-state.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { readJournal, type JournaledRun, type JournalFault } from '../../journal/read-journal.js'
import type { KnownRun } from '../../journal/runs.js'
import type { Report } from '../../report/form.js'
import { RunHistory } from '../../report/model/history.js'
import { makeReport, maskReport } from '../../report/model/make-report.js'
import { changedBy, type Changed } from '../../workspace/git/diff-stat.js'
import { reportWords } from './report-tools.js'

export interface ReadReport {
  /** How the run stands, once its journal has been read. */
  readonly standing: (run: JournaledRun) => Report['standing']
  /** The git directory that all work trees of the user share, if there is one. */
  readonly commonDir?: string | undefined
  readonly mask: Mask
  readonly now: EpochMs
}

/** The report of a run, from its journal; git tells how much commits change. */
export async function readReport(
  { journal }: Pick<KnownRun, 'journal'>,
  { standing: standingOf, commonDir, mask, now }: ReadReport,
): Promise<Result<Report, JournalFault>> {
  const history = new RunHistory()
  const read = await readJournal(journal, (record, state) => history.record(record, state))
  if (!read.ok) return read
  const { state, lastAt } = read.value
  const standing = standingOf(read.value)
  const sinceLastMs = standing === 'running' ? Math.max(0, msBetween(lastAt, now)) : 0
  const diffs = await diffsOf(state, commonDir)
  return ok(maskReport(makeReport(history, state, { standing, words: reportWords, diffs, sinceLastMs }), mask))
}

async function diffsOf(
  { tasks, kept, start }: RunState,
  commonDir: string | undefined,
): Promise<ReadonlyMap<CommitId, Changed>> {
  if (commonDir === undefined) return new Map()
  const landed = [...tasks.values()].flatMap(({ state }) =>
    state.type === 'done' && state.commit !== undefined ? [{ commit: state.commit }] : [],
  )
  const notLanded = kept.map(({ commit, base = start.target?.base }) => ({ commit, ...(base ? { base } : {}) }))
  return changedBy({ gitDir: commonDir }, [...landed, ...notLanded])
}
