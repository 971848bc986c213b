import { createHash } from 'node:crypto'
import { jsonLine } from '../../domain/json-line.js'
import { cleanName } from '../../domain/text.js'
import { publicPart } from '../../domain/shape/public-part.js'
import { reportShape, type Report } from '../form.js'
import type { GraphTask } from '../graph/dependencies.js'
import { drawingOf, type Drawing } from '../graph/drawing.js'
import type { LayOut } from '../graph/layout-off-thread.js'
import { nodeSize, type PageData, type PageGraph } from '../page/data.js'
import type { FormatTools, PageParts, ReportFormat } from './contract.js'
import { inert } from './json.js'

/** One self-contained page: it asks no network for anything, and works from a disk. */
export const html: ReportFormat = {
  endings: ['.html', '.htm'],
  isExact: true,
  render: async (report, { page, layOut }: FormatTools) =>
    reportPage({ report: publicReport(report), graph: await layOutTasks(report.tasks, layOut) }, await page()),
}

/** The dependencies of the tasks, laid out to be drawn. */
export async function layOutTasks(tasks: readonly GraphTask[], layOut: LayOut): Promise<PageGraph> {
  const { kind, nodes, alone }: Drawing = drawingOf(tasks)
  const layout = await layOut({ nodes: nodes.map(({ key, parents }) => ({ key, parents })), size: nodeSize })
  const index = new Map(nodes.map(({ key }, place) => [key, place]))
  return {
    kind,
    width: layout.width,
    height: layout.height,
    nodes: nodes.map(({ tasks: ids, group, level }, place) => {
      const [x, y] = layout.places[place] ?? [0, 0]
      return { x, y, tasks: ids, ...(group === undefined ? {} : { group }), ...(level === undefined ? {} : { level }) }
    }),
    edges: layout.edges.map(({ from, to, points }) => [index.get(from) ?? 0, index.get(to) ?? 0, points.flat()]),
    alone,
  }
}

/** What a page shows; nothing that is autopilot's own. */
export function publicReport(report: Report): Report {
  return publicPart(reportShape, report) as Report
}

/**
 * The page with its data. Outside text is in the data only, which no browser runs or takes for markup; the policy lets nothing
 * but this script run, and nothing be loaded, whatever a text says.
 */
export function reportPage(data: PageData, { script, style }: PageParts): string {
  const connect = data.live ? "connect-src 'self'; " : ''
  const policy = `default-src 'none'; script-src '${digest(script)}'; style-src '${digest(style)}'; img-src data:; ${connect}base-uri 'none'; form-action 'none'`
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="generator" content="autopilot">',
    `<title>${markup(cleanName(data.report.run))} - autopilot</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<noscript>This report needs JavaScript; <code>autopilot report --as md</code> does without.</noscript>',
    '<div id="page"></div>',
    `<script type="application/json" id="data">${dataText(data)}</script>`,
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

/** JSON in which nothing ends the element or begins another, nor is anything else than text wherever it is printed. */
export function dataText(data: unknown): string {
  return inert(jsonLine(data)).trimEnd().replace(/[<>&]/g, unicodeEscape)
}

function unicodeEscape(one: string): string {
  return `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`
}

function markup(text: string): string {
  return text.replace(/[^\w .:/-]/g, (one) => `&#${one.codePointAt(0) ?? 0};`)
}
