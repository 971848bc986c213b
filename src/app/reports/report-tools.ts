import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import type { FormatTools } from '../../report/formats/contract.js'
import { layoutOffThread } from '../../report/graph/layout-off-thread.js'
import type { ReportWords } from '../../report/model/words.js'
import { formatFailure, formatHold, reasonLines } from '../../ui/format.js'

/** A report words things as the terminal does, but for the marks of a quotation. */
export const reportWords: ReportWords = {
  hold: formatHold,
  failure: formatFailure,
  lines: (failure) => reasonLines(failure).map((line) => line.replace(/^\| /, '')),
}

/** What the build has put beside the bundle that this code is in. */
function built(name: string): string {
  return join(import.meta.dirname, name)
}

export const reportTools: FormatTools = {
  page: async () => {
    const [script, style] = await Promise.all([
      readFile(built('report-page.js'), 'utf8'),
      readFile(built('report-page.css'), 'utf8'),
    ])
    return { script: script.trim(), style: style.trim() }
  },
  layOut: layoutOffThread(built('layout-worker.cjs')),
}
