import { describe, expect, it } from 'vitest'
import { commitId, taskId, treeId } from '../../support/brands.js'
import type { RunEvent } from '../../../src/domain/run/event.js'
import { failure } from '../../../src/domain/agent/failure.js'
import { describe as line } from '../../../src/ui/describe.js'
import { summarize } from '../../../src/ui/summary.js'
import { runStarted, stamp, stateAfter } from '../../support/rigs/records.js'

const agent = { provider: 'claude' }
const started = (id: string): RunEvent => {
  return { type: 'attempt_started', taskId: taskId(id), attempt: 1, slot: 's1', agent, workspace: '/w' }
}
const refused = (id: string, target: string, allow?: string): RunEvent => ({
  ...{ type: 'agent_reported', taskId: taskId(id), attempt: 1 },
  event: { type: 'denied', tool: 'Bash', message: 'no', target, ...(allow === undefined ? {} : { allow }) },
})
const done = (id: string): RunEvent => ({ type: 'task_done', taskId: taskId(id), attempt: 1, how: 'unchanged' })
const after = (...events: RunEvent[]) =>
  stateAfter(
    runStarted(),
    events.map((event) => [0, event]),
  )
const labelled = (label: string, ...events: RunEvent[]) =>
  summarize(after(...events), { journal: 'j', verbose: false }).filter(({ text }) => text.startsWith(label.padEnd(12)))

describe('refusals', () => {
  it('are a line each as they come, once for each thing, and only counted from the eleventh on', () => {
    const events = [started('T1')]
    const shown = (event: RunEvent) => {
      events.push(event)
      return line(stamp(event), after(...events))?.text
    }
    expect(shown(refused('T1', "echo 'x'", "Bash(echo 'x')"))).toBe(
      "T1 was refused Bash `echo 'x'`; to permit it, allow: ['Bash(echo ''x'')']",
    )
    expect(shown(refused('T1', "echo 'x'"))).toBeUndefined()
    const more = Array.from({ length: 12 }, (_, n) => shown(refused('T1', `c${n}`)))
    expect(more.filter((text) => text !== undefined)).toHaveLength(9)
  })

  it('have no line if a reviewer was refused, or in a journal that names a task which does not exist', () => {
    const event = refused('T1', 'x')
    const review = { ...event, review: 1 } as RunEvent
    expect(line(stamp(review), after(started('T1'), review))).toBeUndefined()
    expect(line(stamp(refused('gone', 'x')), after())).toBeUndefined()
  })

  it('are named for those tasks that this run has done', () => {
    const events = [started('T1'), refused('T1', 'x', 'Bash(x)'), done('T1'), started('T2'), done('T2')]
    expect(labelled('Refused', ...events)).toEqual([
      { tone: 'warning', text: 'Refused     1 of 2 done with refused tools: T1: Bash `x`' },
    ])
    expect(line(stamp(done('T1')), after(...events))?.text).toBe(
      'T1 “Say hello” done, no change needed; refused: Bash `x`',
    )
  })

  it('are named with a failed task, unless its reason names them already', () => {
    const failed = (kind: 'crash' | 'no_change'): RunEvent => {
      return { type: 'task_failed', taskId: taskId('T1'), attempts: 1, failure: failure(kind, 'So it was.') }
    }
    const events = [started('T1'), refused('T1', 'x', 'Bash(x)')]
    expect(labelled('Failed', ...events, failed('crash')).map(({ text }) => text)).toEqual([
      'Failed      T1: So it was. (crash); refused: Bash `x`',
    ])
    expect(labelled('Failed', ...events, failed('no_change')).map(({ text }) => text)).toEqual([
      'Failed      T1: So it was. (no_change)',
    ])
    expect(labelled('Refused', ...events, failed('crash')).map(({ text }) => text)).toEqual([
      "Refused     to permit it, allow: ['Bash(x)']",
    ])
  })
})

describe('what approving reviewers said', () => {
  const approved = (gate: string, ...reasons: string[]): RunEvent => ({
    ...{ type: 'gate_judged', taskId: taskId('T1'), attempt: 1, gate, tree: treeId('t'), verdict: 'passed' },
    ...{ durationMs: 1, remembered: false, by: { agent: { provider: 'codex' }, reasons } },
  })
  const candidate: RunEvent = {
    ...{
      type: 'candidate_created',
      taskId: taskId('T1'),
      attempt: 1,
      commit: commitId('c'),
      ref: 'refs/r',
      leftOut: [],
    },
  }

  it('is shown for done work, the last of each review', () => {
    const events = [started('T1'), approved('a', 'first'), approved('b', 'x', 'y'), approved('a', 'second'), done('T1')]
    expect(labelled('Approved', ...events).map(({ text }) => text)).toEqual([
      'Approved    T1 by codex (b): x; y',
      'Approved    T1 by codex (a): second',
    ])
  })

  it('is not shown for earlier work, nor if nothing was said, nor for what is not done', () => {
    expect(labelled('Approved', started('T1'), approved('a', 'x'), candidate, done('T1'))).toEqual([])
    expect(labelled('Approved', started('T1'), approved('a'), done('T1'))).toEqual([])
    expect(labelled('Approved', started('T1'), approved('a', 'x'))).toEqual([])
  })
})
