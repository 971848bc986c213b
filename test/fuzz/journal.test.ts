import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonLine } from '../../src/domain/json-line.js'
import type { RunRecord } from '../../src/domain/run/event.js'
import { readJournal } from '../../src/journal/read-journal.js'
import { junitXml } from '../../src/report/formats/junit.js'
import { reportJson } from '../../src/report/formats/json.js'
import { reportMarkdown } from '../../src/report/formats/markdown.js'
import { drawingOf } from '../../src/report/graph/drawing.js'
import { RunHistory } from '../../src/report/model/history.js'
import { makeReport } from '../../src/report/model/make-report.js'
import { facts } from '../support/rigs/reports.js'
import { statusLines, statusObject } from '../../src/ui/status.js'
import { summarize } from '../../src/ui/summary.js'
import { fuzzRuns, fuzzTimeoutMs, hostileInputs } from '../support/games/mutations.js'
import { runScripts } from '../support/games/run-script.js'
import { tempDir } from '../support/rigs/temp-dir.js'

const text = (records: readonly RunRecord[]) => records.map(jsonLine).join('')
const samples = fc.sample(runScripts, { numRuns: 20, seed: 7 }).map(({ records }) => text(records).slice(0, 20_000))
const words = [
  ...[
    '{"v":1,"seq":1,"at":1,"ms":0,"type":"',
    'run_started',
    'attempt_started',
    'task_done',
    'agent_finished',
    '"}\n',
    '\n',
  ],
  ...[
    '"taskId":"A"',
    '"attempt":1',
    '"attempt":-1',
    '"slot":"S1"',
    '"usage":{}',
    '"usage":null',
    '"failure":{}',
    ',',
    'null',
    '{}',
  ],
  ...[
    '"__proto__":{',
    '"v":2',
    '"seq":2',
    '1e999',
    '\u0000',
    '\ufeff',
    '}'.repeat(9),
    '"tasks":[',
    '"slots":[]',
    '"how":"x"',
  ],
]

test(
  'whatever is in a journal, reading it ends in a run that can be shown or in a fault that names a line',
  async () => {
    const path = join(tempDir(), 'journal.jsonl')
    await fc.assert(
      fc.asyncProperty(hostileInputs(samples, words), async (bytes) => {
        writeFileSync(path, bytes)
        const history = new RunHistory()
        const read = await readJournal(path, (record, state) => history.record(record, state))
        const lines = Buffer.from(bytes).toString('latin1').split('\n').length - 1
        if (!read.ok) {
          expect(read.error.message).toMatch(/^[^\u0000-\u001f\u007f-\u009f]+$/)
          if (read.error.line !== undefined) expect(read.error.line).toBeLessThanOrEqual(lines)
          return
        }
        const { state, startedAt, lastAt } = read.value
        const standing = { type: 'broken_off' } as const
        const status = {
          state,
          standing,
          startedAt,
          lastAt,
          kept: state.kept,
          keptWorkspaces: state.keptWorkspaces,
          journal: path,
        }
        for (const line of [...statusLines(status), ...summarize(state, { journal: path, verbose: true })])
          expect(line.text).toMatch(/^[^\u0000-\u0008\u000a-\u001f\u007f-\u009f]*$/)
        expect(JSON.stringify(statusObject(status))).toContain('broken_off')
        const report = makeReport(history, state, { ...facts, standing: 'broken_off' })
        expect(reportJson(report)).toMatch(/^\{.*\}\n$/)
        expect(reportMarkdown(report)).toMatch(/^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$/)
        const xml = junitXml(report)
        expect(xml).not.toMatch(/time="(?!\d+\.\d{3}")/)
        expect(xml).toMatch(/^[\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u)
        expect(drawingOf(report.tasks).nodes.length).toBeLessThanOrEqual(2 * report.tasks.length)
      }),
      { numRuns: fuzzRuns },
    )
  },
  fuzzTimeoutMs,
)

test(
  'a journal that was cut anywhere says what its whole lines say',
  async () => {
    const path = join(tempDir(), 'journal.jsonl')
    await fc.assert(
      fc.asyncProperty(runScripts, fc.nat(), async ({ records }, place) => {
        const bytes = Buffer.from(text(records))
        const cut = bytes.subarray(0, place % (bytes.length + 1))
        const whole = cut.toString('utf8').split('\n').length - 1
        writeFileSync(path, cut)
        const read = await readJournal(path)
        writeFileSync(path, text(records.slice(0, whole)))
        expect(read).toEqual(await readJournal(path))
        expect(read.ok ? read.value.seq : 0).toBe(whole)
      }),
      { numRuns: Math.ceil(fuzzRuns / 5) },
    )
  },
  fuzzTimeoutMs,
)
