import { extname } from 'node:path'
import { reportFormatNames, type ReportFormatName } from '../../domain/report-format.js'
import type { ReportFormat } from './contract.js'
import { html } from './html.js'
import { json } from './json.js'
import { junit } from './junit.js'
import { markdown } from './markdown.js'

/** All formats, by the names that `--as` takes. */
export const reportFormats: Readonly<Record<ReportFormatName, ReportFormat>> = { html, md: markdown, json, junit }

/** The format that a file's name suggests. */
export function formatOfFile(file: string): ReportFormatName | undefined {
  const ending = extname(file).toLowerCase()
  return reportFormatNames.find((name) => reportFormats[name].endings.includes(ending))
}
