import { formatDuration } from '../../domain/duration.js'
import { cleanName, clip, plural } from '../../domain/text.js'
import type { Report, ReportTask } from '../form.js'
import type { ReportFormat } from './contract.js'
import { headlineOf, inState } from '../headline.js'
import { diffText, usedText } from '../numbers.js'

/**
 * What one pastes into a pull request. All outside text stands in code spans and blocks: there nothing is HTML, a link, an
 * image or a picture, nobody is mentioned, and no issue is closed.
 */
export const markdown: ReportFormat = { endings: ['.md', '.markdown'], render: reportMarkdown }

/** Named one by one up to this many, then counted: GitHub takes 65,536 characters for a pull request. */
const [maxFailed, maxOthers, maxDone] = [20, 30, 100]
const [maxLength, maxDetail] = [60_000, 1500]

export function reportMarkdown(report: Report): string {
  const sections = [
    `## autopilot: ${plain(headlineOf(report).text)}`,
    facts(report),
    failed(report),
    others(report),
    done(report),
    providers(report),
    warnings(report),
  ]
  return bounded(sections.filter((section) => section !== ''))
}

/** Whole sections, as many as there is space for. */
function bounded(sections: readonly string[]): string {
  const kept: string[] = []
  let length = 0
  for (const section of sections) {
    length += section.length + 2
    if (length > maxLength)
      return `${[...kept, 'There is more; `autopilot report --as html` shows all.'].join('\n\n')}\n`
    kept.push(section)
  }
  return `${kept.join('\n\n')}\n`
}

function facts({ run, target, ms, slots, gates, used, next }: Report): string {
  const verdicts = gates.passed + gates.failed + gates.errored
  const rows = [
    ['Run', cell(cleanName(run))],
    ...(target ? [['Target', cell(cleanName(target.branch))]] : []),
    ['Time', `${formatDuration(ms)} with ${plural(slots.length, 'agent slot')}`],
    ...(verdicts > 0 ? [['Gates', `${gates.passed} passed, ${gates.failed} failed, ${gates.errored} errored`]] : []),
    ...(usedText(used) === '' ? [] : [['Used', usedText(used)]]),
    ...(next === undefined ? [] : [['Next', cell(next)]]),
  ]
  return ['| | |', '| --- | --- |', ...rows.map(([name = '', value = '']) => `| ${name} | ${value} |`)].join('\n')
}

function failed({ tasks }: Report): string {
  const all = inState(tasks, 'failed')
  if (all.length === 0) return ''
  const each = all.slice(0, maxFailed).map((task) => {
    const { reason = '', kind = '', detail } = task
    const text = `- ${nameOf(task)}: ${code(reason)}${kind === '' ? '' : ` (${kind}, ${plural(task.attempts, 'attempt')})`}`
    return detail === undefined ? text : `${text}\n\n${indented(block(endOf(detail)))}`
  })
  return [`### Failed (${all.length})`, '', ...each, ...more(all.length - each.length)].join('\n')
}

function others({ tasks, standing }: Report): string {
  const all = inState(tasks, 'held', 'canceled', 'running', 'verifying', 'merging', 'queued', 'pending')
  if (all.length === 0) return ''
  const each = all.slice(0, maxOthers).map((task) => {
    const { state, reason } = task
    return `- ${nameOf(task)}: ${state}${reason === undefined ? '' : `, ${code(reason)}`}`
  })
  const title = standing === 'running' ? 'Not done yet' : 'Not done'
  return [`### ${title} (${all.length})`, '', ...each, ...more(all.length - each.length)].join('\n')
}

function done({ tasks }: Report): string {
  const all = inState(tasks, 'done').filter(({ how }) => how !== 'before')
  const before = inState(tasks, 'done').length - all.length
  if (all.length + before === 0) return ''
  const each = all.slice(0, maxDone).map((task) => {
    const { how, commit, diff, used } = task
    const where = commit === undefined ? (how === 'unchanged' ? 'no change needed' : 'in place') : commit.slice(0, 10)
    const cells = [
      nameOf(task).replaceAll('|', '\\|'),
      where,
      diff ? diffText(diff) : '',
      String(task.attempts),
      usedText(used),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const table =
    each.length === 0
      ? []
      : ['| task | commit | change | attempts | used |', '| --- | --- | --- | --- | --- |', ...each]
  const earlier = before > 0 ? ['', `${plural(before, 'task')} done before this run.`] : []
  return [`### Done (${all.length})`, '', ...table, ...more(all.length - each.length), ...earlier].join('\n')
}

function providers({ providers: all }: Report): string {
  const spent = all.filter(({ agents }) => agents > 0)
  if (spent.length < 2) return ''
  const rows = spent.map(({ name, agents, used }) => `| ${cell(cleanName(name, 40))} | ${agents} | ${usedText(used)} |`)
  return ['### Providers', '', '| provider | agents | used |', '| --- | --- | --- |', ...rows].join('\n')
}

function warnings({ warnings: all = [] }: Report): string {
  if (all.length === 0) return ''
  const each = all.slice(0, 10).map((warning) => `- ${code(warning)}`)
  return ['### Warnings', '', ...each, ...more(all.length - each.length)].join('\n')
}

function more(rest: number): readonly string[] {
  return rest > 0 ? ['', `and ${rest} more`] : []
}

function nameOf({ id, title }: ReportTask): string {
  const name = code(cleanName(id, 80))
  return title === '' || title === id ? name : `${name} ${code(clip(title, 160))}`
}

/** Our own words around a name or a reason of the run. */
function plain(text: string): string {
  return text.replace(/[^\w ,.:;()'$%+-]/g, (one) => (one.charCodeAt(0) < 128 ? `\\${one}` : one))
}

/** A code span within a table. */
function cell(text: string): string {
  return code(text).replaceAll('|', '\\|')
}

/** A code span; its fence is longer than any in the text. */
function code(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line === '') return ''
  const fence = fenceFor(line, 1)
  const space = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${space}${line}${space}${fence}`
}

/** The last lines, as far as there is space for twenty of these. */
function endOf(detail: string): string {
  const lines = detail.split('\n')
  while (lines.length > 1 && lines.join('\n').length > maxDetail) lines.shift()
  return lines.join('\n')
}

function block(text: string): string {
  const fence = fenceFor(text, 3)
  return `${fence}text\n${text}\n${fence}`
}

function fenceFor(text: string, least: number): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length))
  return '`'.repeat(Math.max(least, longest + 1))
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}
