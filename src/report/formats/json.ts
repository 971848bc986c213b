import { jsonLine } from '../../domain/json-line.js'
import { publicPart } from '../../domain/shape/public-part.js'
import { reportShape, type Report } from '../form.js'
import type { ReportFormat } from './contract.js'

/** One line of JSON, as docs/reports.md describes it. */
export const json: ReportFormat = { endings: ['.json'], isExact: true, render: reportJson }

export function reportJson(report: Report): string {
  return inert(jsonLine(publicPart(reportShape, report)))
}

/** The same JSON without what GitHub's runner takes for a command anywhere in a line of its log. */
export function inert(json: string): string {
  return json.replaceAll('##[', '##\\u005b')
}
