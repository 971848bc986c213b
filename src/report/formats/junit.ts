import { formatDuration } from '../../domain/duration.js'
import { cleanName } from '../../domain/text.js'
import type { Report, ReportTask, ReportVerdict } from '../form.js'
import type { ReportFormat } from './contract.js'
import { usedText } from '../numbers.js'

/**
 * JUnit's XML, as CI reads it: a test case a task. Elements and attributes are those that Jenkins' schema `junit-10.xsd`
 * knows; GitHub's and GitLab's readers take the same.
 */
export const junit: ReportFormat = { endings: ['.xml'], isExact: true, render: junitXml }

export function junitXml(report: Report): string {
  const { tasks, ms, run, roadmap, startedAt } = report
  const failures = tasks.filter(({ state }) => state === 'failed').length
  const skipped = tasks.filter(isSkipped).length
  const counts = { tests: tasks.length, failures, errors: 0, time: seconds(ms) }
  const suite = {
    name: cleanName(roadmap),
    ...counts,
    skipped,
    timestamp: timestamp(startedAt),
    id: cleanName(run),
    file: cleanName(roadmap, 1000),
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: `autopilot ${cleanName(run)}`, ...counts })}>`,
    `  <testsuite${attributes(suite)}>`,
    '    <properties>',
    ...properties(report).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    '    </properties>',
    ...tasks.flatMap((task) => testCase(task, report)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function properties({
  version,
  target,
  standing,
  exitCode,
  why,
  used,
}: Report): readonly (readonly [string, string])[] {
  return [
    ['version', version],
    ...(target ? [['target', cleanName(target.branch)] as const] : []),
    ['standing', standing],
    ...(exitCode === undefined ? [] : [['exit code', String(exitCode)] as const]),
    ...(why === undefined ? [] : [['why', why] as const]),
    ...(usedText(used) === '' ? [] : [['used', usedText(used)] as const]),
  ]
}

function isSkipped({ state, how }: ReportTask): boolean {
  return how === 'before' || (state !== 'done' && state !== 'failed')
}

function testCase(task: ReportTask, report: Report): readonly string[] {
  const { id, title, groups = [], state, kind } = task
  const time = seconds(durationOf(task, report.ms))
  const classname = groups.length > 0 ? groups.map((group) => cleanName(group)).join('.') : 'autopilot'
  const name = title === '' || title === id ? cleanName(id) : `${cleanName(id)}: ${title}`
  const output = outputOf(task)
  return [
    `    <testcase${attributes({ name, classname, time })}>`,
    ...(state === 'failed' ? [failureOf(task, kind)] : []),
    ...(isSkipped(task) ? [`      <skipped${attributes({ message: whySkipped(task, report) })}/>`] : []),
    ...(output === '' ? [] : [`      <system-out>${escaped(output)}</system-out>`]),
    '    </testcase>',
  ]
}

function failureOf({ reason: message = '', ...task }: ReportTask, type = 'failed'): string {
  const text = [message, ...printed(task)].join('\n')
  return `      <failure${attributes({ type, message })}>${escaped(text)}</failure>`
}

/** How what was printed ended, and where all of it is. */
function printed({ detail, log }: Pick<ReportTask, 'detail' | 'log'>): readonly string[] {
  return [
    ...(detail === undefined ? [] : [detail]),
    ...(log === undefined ? [] : [`all of it: ${cleanName(log, 500)}`]),
  ]
}

function whySkipped({ how, state, reason }: ReportTask, { standing }: Report): string {
  if (how === 'before') return 'done before this run'
  if (reason !== undefined) return `${state}: ${reason}`
  return standing === 'running' || state === 'canceled' ? state : `not done: ${state}`
}

/** From its first attempt to its end, or until now. */
function durationOf({ startedMs, endedMs }: ReportTask, nowMs: number): number {
  return startedMs === undefined ? 0 : Math.max(0, (endedMs ?? nowMs) - startedMs)
}

function outputOf(task: ReportTask): string {
  const { verdicts = [], failures = [], agent, attempts, commit, used } = task
  const lines = [
    ...(agent === undefined ? [] : [`agent: ${agent}, attempts: ${attempts}`]),
    ...(usedText(used) === '' ? [] : [`used: ${usedText(used)}`]),
    ...failures.flatMap((failed) => [
      `attempt ${failed.attempt} (${failed.kind}): ${failed.reason}`,
      ...printed(failed),
    ]),
    ...verdicts.map(verdictLine),
    ...(commit === undefined ? [] : [`commit: ${commit}`]),
  ]
  return lines.join('\n')
}

function verdictLine({ attempt, gate, verdict, durationMs, remembered, by, reasons = [] }: ReportVerdict): string {
  const how = remembered ? 'already known' : `in ${formatDuration(durationMs)}`
  const who = by === undefined ? '' : ` by ${by}`
  const why = reasons.length > 0 ? `: ${reasons.join('; ')}` : ''
  return `attempt ${attempt}, ${by === undefined ? 'gate' : 'review'} ${gate}: ${verdict}${who}, ${how}${why}`
}

/** Seconds with three decimals; readers take no other unit, nothing below 0, and no words for what is no number. */
function seconds(ms: number): string {
  return Number.isFinite(ms) ? (Math.max(0, ms) / 1000).toFixed(3) : '0.000'
}

/** Without a zone, as the schema of old has it: UTC. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19)
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) => ` ${name}="${escaped(String(value)).replace(/[\n\t]/g, (one) => `&#${one.charCodeAt(0)};`)}"`,
    )
    .join('')
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** XML 1.0 knows no other characters, not even escaped; half a surrogate pair is none at all. */
const noCharacter = /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

/** Text for an element or between quotation marks. At the start of a line, a runner would take `::` for a command. */
function escaped(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(noCharacter, '\ufffd')
    .replace(/[&<>"]/g, (one) => entities[one] ?? one)
    .replace(/^(?=\s*::)/gm, '| ')
    .replaceAll('##[', '## [')
}
