import { expect, test } from 'vitest'
import { taskId, treeId } from '../../support/brands.js'
import type { RunEvent } from '../../../src/domain/run/event.js'
import type { Verdict } from '../../../src/domain/landing/gate.js'
import { describe } from '../../../src/ui/describe.js'
import { summarize } from '../../../src/ui/summary.js'
import { runStarted, stamp, stateAfter } from '../../support/rigs/records.js'

type Judged = Extract<RunEvent, { type: 'gate_judged' }>

function judged(verdict: Verdict['type'], remembered = false): Judged {
  const gate = { gate: 'npm test', tree: treeId('abc'), durationMs: 5 }
  return { type: 'gate_judged', taskId: taskId('T1'), attempt: 1, ...gate, verdict, remembered }
}

/** The row `Gates` after these verdicts; undefined without one. */
function gatesRow(...verdicts: readonly Judged[]): string | undefined {
  const state = stateAfter(
    runStarted(),
    verdicts.map((verdict) => [0, verdict]),
  )
  return summarize(state, { journal: 'j', verbose: false }).find(({ text }) => text.startsWith('Gates '))?.text
}

test('the summary counts verdicts, and says which were already known; a run without gates has no such row', () => {
  expect(gatesRow()).toBeUndefined()
  expect(gatesRow(judged('passed'))).toBe('Gates       1 passed, 0 failed')
  expect(gatesRow(judged('passed'), judged('passed', true), judged('failed'), judged('errored'))).toBe(
    'Gates       2 passed, 1 failed, 1 errored; 1 of them were already known',
  )
})

test('each verdict has a line; a live screen shows those alone that did not pass', () => {
  const state = stateAfter(runStarted(), [])
  const line = (verdict: Verdict['type'], remembered?: boolean) => describe(stamp(judged(verdict, remembered)), state)
  expect(line('passed')).toEqual({ tone: 'faint', text: 'T1: gate npm test passed (0.0 s)', onScreen: true })
  expect(line('failed')).toEqual({ tone: 'warning', text: 'T1: gate npm test failed (0.0 s)' })
  expect(line('errored')).toEqual({ tone: 'warning', text: 'T1: gate npm test errored (0.0 s)' })
})

test('a verdict that was known already is no news, unless it keeps work out', () => {
  const state = stateAfter(runStarted(), [])
  expect(describe(stamp(judged('passed', true)), state)).toBeUndefined()
  expect(describe(stamp(judged('failed', true)), state)?.text).toBe('T1: gate npm test failed, as before')
})

test('a tree with the work of several tasks is shown with all of them, or with their number', () => {
  const state = stateAfter(runStarted(), [])
  const line = (together: readonly string[]) =>
    describe(stamp({ ...judged('failed'), together: together.map(taskId) }), state)?.text
  expect(line(['T2', 'T3'])).toBe('T2, T3, T1 together: gate npm test failed (0.0 s)')
  expect(line(['a', 'b', 'c', 'd', 'e'])).toBe('6 tasks together: gate npm test failed (0.0 s)')
})

test('a second failure is shown as one, and a flaky gate has a row of its own', () => {
  const state = stateAfter(runStarted(), [])
  expect(describe(stamp({ ...judged('failed'), again: true }), state)?.text).toBe(
    'T1: gate npm test failed again (0.0 s)',
  )
  const flaky = { ...judged('passed'), again: true, flaky: true } as const
  const rows = (...verdicts: readonly Judged[]) => {
    const after = stateAfter(
      runStarted(),
      verdicts.map((verdict) => [0, verdict]),
    )
    return summarize(after, { journal: 'j', verbose: false }).flatMap(({ text }) =>
      text.startsWith('Flaky ') ? [text] : [],
    )
  }
  expect(rows(judged('failed'), judged('failed'))).toEqual([])
  expect(rows(judged('failed'), flaky)).toEqual(['Flaky       npm test failed and then passed on the same tree, once'])
  expect(rows(flaky, flaky)).toEqual(['Flaky       npm test failed and then passed on the same tree, 2 times'])
})
