import { jsonLine } from '../../domain/json-line.js'
import { publicPart } from '../../domain/shape/public-part.js'
import { reportShape, type Report } from '../form.js'
import type { ReportFormat } from './contract.js'

/** One line of JSON, as docs/reports.md describes it. */
export const json: ReportFormat = { endings: ['.json'], isExact: true, render: reportJson }

export function reportJson(report: Report): string {
  return jsonLine(publicPart(reportShape, report))
}
