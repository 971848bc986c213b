import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apply, initialState } from '../../../../src/domain/run/run-state.js'
import { epochMs } from '../../../support/brands.js'
import { runScripts, runStart } from '../../../support/games/run-script.js'
import { facts } from '../../../support/rigs/reports.js'
import { RunHistory } from '../../../../src/report/model/history.js'
import { takePatch } from '../../../../src/report/model/make-patch.js'
import { makeReport } from '../../../../src/report/model/make-report.js'
import { slotWork, type Report, type Span } from '../../../../src/report/form.js'
import type { PageData } from '../../../../src/report/page/data.js'
import { patched } from '../../../../src/report/page/patched.js'
import { statusObject, type RunStatus } from '../../../../src/ui/status.js'
import { outcomeLines } from '../../../../src/ui/summary.js'
import { headlineOf } from '../../../../src/report/headline.js'

const graph = { kind: 'whole', width: 0, height: 0, nodes: [], edges: [], alone: [] } as const

describe('a report of a random run, after each of its records', () => {
  it('agrees with the live state and with status about tasks, slots, queue, gates and usage', () => {
    fc.assert(
      fc.property(runScripts, ({ records }) => {
        eachPrefix(records, (state, history) => {
          const report = makeReport(history, state, facts)
          const status = statusObject(statusOf(state))
          const { queueLength: waiting, busyAgents: busy, availableAgents: idle } = state.counts
          expect(report.tasks.map((task) => [task.id, task.state])).toEqual(
            status.tasks?.map((task) => [task.id, task.state.type]),
          )
          expect(report.counts).toEqual(status.counts)
          expect(report.slots).toEqual(status.slots)
          expect(report.gates).toEqual(status.gates)
          expect(report.used).toEqual(status.usage)
          expect(report.ms).toBe(status.durationMs)
          expect(report.queue).toEqual({ waiting, busy, idle })
          const [outcome] = outcomeLines(state)
          expect(outcome?.text).toContain(headlineOf(report).text.replace(/ (done|to do).*/, ''))
        })
      }),
    )
  })

  it('has on each slot the spans that make up its busy time, and idle time for the rest', () => {
    fc.assert(
      fc.property(runScripts, ({ records }) => {
        eachPrefix(records, (state, history) => {
          const report = makeReport(history, state, facts)
          for (const { id, busyMs } of state.slots.values()) expect(closedMs(report, id)).toBeCloseTo(busyMs, 6)
          const worked = report.spans.filter(isOnSlot).reduce((sum, { from, to = report.ms }) => sum + to - from, 0)
          const idle = Object.values(report.idleMs).reduce((sum, ms) => sum + ms, 0)
          expect(worked + idle).toBeCloseTo(report.slots.length * report.ms, 6)
        })
      }),
    )
  })

  it('is what a page makes of the report before it and of the patch since', () => {
    fc.assert(
      fc.property(runScripts, fc.integer({ min: 1, max: 7 }), ({ records }, every) => {
        let page: PageData | undefined
        let count = 0
        eachPrefix(records, (state, history) => {
          if (++count % every !== 0) return
          const patch = takePatch(1, history, state, facts)
          page = page && patch ? patched(page, patch) : { graph, report: makeReport(history, state, facts) }
          expect(page.report).toEqual(makeReport(history, state, facts))
        })
      }),
    )
  })
})

type Fold = Parameters<RunHistory['record']>[1]

function eachPrefix(
  records: readonly Parameters<RunHistory['record']>[0][],
  look: (state: Fold, history: RunHistory) => void,
): void {
  const state = initialState(runStart)
  const history = new RunHistory()
  for (const record of records) {
    if (record.type !== 'run_started') apply(state, record)
    history.record(record, state)
    look(state, history)
  }
}

function statusOf(state: Fold): RunStatus {
  const at = epochMs(0)
  const standing = { type: 'running', pid: 1, host: 'here' } as const
  return { state, standing, startedAt: at, lastAt: at, kept: [], keptWorkspaces: [], journal: 'j' }
}

function isOnSlot({ kind }: Span): boolean {
  return slotWork.some((one) => one === kind)
}

function closedMs({ spans }: Report, slot: string): number {
  return spans
    .filter((span) => span.slot === slot)
    .reduce((sum, { from, to }) => sum + (to === undefined ? 0 : to - from), 0)
}
