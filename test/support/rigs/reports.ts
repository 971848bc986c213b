import { apply, initialState, type RunState } from '../../../src/domain/run/run-state.js'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { RunHistory } from '../../../src/report/model/history.js'
import { makeReport, type ReportFacts } from '../../../src/report/model/make-report.js'
import type { Report } from '../../../src/report/form.js'
import { reportWords } from '../../../src/app/reports/report-tools.js'

/** What tests know of a run besides its records. */
export const facts: ReportFacts = {
  standing: 'running',
  words: reportWords,
  diffs: new Map(),
}

/** The state and the history of a run, record by record. */
export function followed(records: readonly RunRecord[]): { readonly state: RunState; readonly history: RunHistory } {
  const [first] = records
  if (first?.type !== 'run_started') throw new Error('it does not begin')
  const state = initialState(first)
  const history = new RunHistory()
  for (const record of records) {
    if (record !== first) apply(state, record)
    history.record(record, state)
  }
  return { state, history }
}

/** The report of these records; of a finished run unless told otherwise. */
export function reportOf(records: readonly RunRecord[], more: Partial<ReportFacts> = {}): Report {
  const { state, history } = followed(records)
  return makeReport(history, state, { ...facts, standing: state.finished ? 'finished' : 'broken_off', ...more })
}
