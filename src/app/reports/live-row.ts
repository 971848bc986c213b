import { realClock } from '../../platform/clock.js'
import { readJournal } from '../../journal/read-journal.js'
import type { KnownRun } from '../../journal/runs.js'
import { openLivePage } from '../../report/live/live-page.js'
import { RunHistory } from '../../report/model/history.js'
import type { Reporter } from '../../ui/reporters/contract.js'
import type { Prepared } from '../prepare/prepare-run.js'
import { reportTools, reportWords } from './report-tools.js'

/** The page that follows a run, for whoever knows its URL. */
export interface Live {
  readonly reporters: readonly Reporter[]
  /** What a person should know about it. */
  readonly notice?: { readonly level: 'info' | 'warning'; readonly text: string }
  readonly close: () => Promise<void>
}

const notServed: Live = { reporters: [], close: () => Promise.resolve() }

/** Serves it if that was asked for. If it cannot be, the run goes on without it. */
export async function openLive({ settings }: Prepared, past: Pick<KnownRun, 'journal'> | undefined): Promise<Live> {
  const { serve, servePort } = settings
  if (!serve && servePort === undefined) return notServed
  const history = new RunHistory()
  if (past) await readJournal(past.journal, (record, state) => history.record(record, state))
  const page = await openLivePage({
    ...{ port: servePort ?? 0, clock: realClock, history, words: reportWords },
    ...reportTools,
  })
  if (!page.ok) {
    const port = servePort === undefined ? '' : ` at port ${servePort}`
    return {
      ...notServed,
      notice: { level: 'warning', text: `the run cannot be served as a page${port}: ${page.error}` },
    }
  }
  const { url, record, close } = page.value
  const reporter: Reporter = { record, close: () => undefined }
  return { reporters: [reporter], close, notice: { level: 'info', text: `follow the run at ${url}` } }
}
