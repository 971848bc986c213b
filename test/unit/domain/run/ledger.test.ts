import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RefName } from '../../../../src/domain/brand.js'
import { commitId, runId, taskId } from '../../../support/brands.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { failure } from '../../../../src/domain/agent/failure.js'
import { keptCommits, planClean, type LedgerRef, type Leftover } from '../../../../src/domain/run/ledger.js'
import { safeName } from '../../../../src/domain/name.js'
import { runStarted, stateAfter } from '../../../support/rigs/records.js'

const standing = fc.constantFrom<LedgerRef['standing']>(
  { type: 'landed', commit: commitId('c') },
  { type: 'on_branch' },
  { type: 'only_here' },
)
const ledgerRef = fc
  .record({ runId: fc.constantFrom(runId('r1'), runId('r2')), isBase: fc.boolean(), standing, n: fc.nat() })
  .map(({ n, isBase, ...one }): LedgerRef => ({
    ...one,
    isBase,
    ref: `refs/autopilot/${one.runId}/${isBase ? 'base' : `t/${n}`}`,
    commit: commitId('c'),
  }))
const leftover = fc.record(
  {
    path: fc.string(),
    runId: fc.constant(runId('r1')),
    kind: fc.constant('workspace' as const),
    holds: fc.constant('work'),
  },
  { requiredKeys: ['path', 'runId', 'kind'] },
)

describe('what may be cleaned', () => {
  it('never includes what is nowhere else, nor the base of a run of which something stays', () => {
    fc.assert(
      fc.property(fc.array(ledgerRef), fc.array(leftover), (refs, leftovers: readonly Leftover[]) => {
        const plan = planClean(refs, leftovers, false)
        expect(plan.refs.filter((one) => one.standing.type === 'only_here')).toEqual([])
        expect(plan.leftovers.filter(({ holds }) => holds !== undefined)).toEqual([])
        const staying = new Set(plan.kept.refs.filter(({ isBase }) => !isBase).map(({ runId }) => runId))
        expect(plan.refs.filter(({ isBase, runId }) => isBase && staying.has(runId))).toEqual([])
        const bases = refs.filter((one) => one.isBase && one.standing.type !== 'only_here' && staying.has(one.runId))
        expect(plan.refs.length + plan.kept.refs.length + bases.length).toBe(refs.length)
      }),
    )
  })

  it('is everything if lost work may be deleted, too', () => {
    fc.assert(
      fc.property(fc.array(ledgerRef), fc.array(leftover), (refs, leftovers: readonly Leftover[]) => {
        const nothing = { refs: [], leftovers: [] }
        expect(planClean(refs, leftovers, true)).toEqual({ refs, leftovers, kept: nothing })
      }),
    )
  })
})

describe('the kept commits of a run', () => {
  const ref = (id: string, attempt: string): RefName => `refs/autopilot/r1/${safeName(id)}/${attempt}`
  const onlyHere = (name: RefName): LedgerRef => ({
    ...{ ref: name, commit: commitId('c9'), runId: runId('r1'), isBase: false, standing: { type: 'only_here' } },
  })
  const told: RunEvent = {
    ...{
      type: 'commit_kept',
      taskId: taskId('T1'),
      attempt: 1,
      commit: commitId('c1'),
      ref: ref('T1', '1'),
      base: commitId('b1'),
      why: 'a conflict',
    },
  }
  const state = stateAfter(runStarted(), [[5, told]])

  it('are listed with the reason from the journal, as long as they are nowhere else', () => {
    expect(keptCommits(state, [onlyHere(ref('T1', '1'))], false)).toMatchObject([
      { taskId: taskId('T1'), attempt: 1, base: 'b1', why: 'a conflict', commit: 'c9' },
    ])
    const merged: LedgerRef = { ...onlyHere(ref('T1', '1')), standing: { type: 'on_branch' } }
    expect(keptCommits(state, [merged, { ...onlyHere('refs/autopilot/r1/base'), isBase: true }], false)).toEqual([])
    const target = { ...onlyHere(`refs/autopilot/r1/target/${'0'.repeat(40)}`), isTarget: true } as const
    expect(keptCommits(state, [target], false)).toEqual([])
  })

  it('include those that a run could no longer record, but not what a continuing run may still land', () => {
    const untold = [onlyHere(ref('T2', '3')), onlyHere(ref('T2', '3-stash'))]
    expect(keptCommits(state, untold, false)).toMatchObject([
      { taskId: taskId('T2'), attempt: 3 },
      { taskId: taskId('T2'), attempt: 3 },
    ])
    expect(keptCommits(state, untold, true)).toEqual([])
  })

  it('name a task that is no longer part of the run, and none where the record has none by the name of the ref', () => {
    const { version, permissions, maxAttempts, slots, tasks } = runStarted()
    const of = { taskId: taskId('T2'), attempt: 1 }
    const without = stateAfter(runStarted(), [
      [1, { type: 'attempt_started', ...of, slot: 's1', agent: { provider: 'claude' }, workspace: '/w' }],
      [
        2,
        {
          ...{ type: 'run_resumed', version, permissions, maxAttempts, slots, tasks: tasks.slice(0, 1) },
          ...{ failed: [], retried: [] },
        },
      ],
    ])
    const [gone, unheard] = keptCommits(without, [onlyHere(ref('T2', '1')), onlyHere(ref('T3', '1'))], false)
    expect(gone).toMatchObject({ taskId: 'T2', attempt: 1 })
    expect(unheard).not.toHaveProperty('taskId')
  })
})

describe('workspaces with work that was not collected', () => {
  const started = (id: string, workspace: string): RunEvent => ({
    ...{
      type: 'attempt_started',
      taskId: taskId(id),
      attempt: 1,
      slot: 's1',
      agent: { provider: 'command' },
      workspace,
    },
  })
  const ended = (id: string): RunEvent => ({
    ...{
      type: 'attempt_failed',
      taskId: taskId(id),
      attempt: 1,
      willRetry: false,
      failure: failure('crash', 'It broke.'),
    },
  })
  const done = (id: string): RunEvent => ({ type: 'task_done', taskId: taskId(id), attempt: 1, how: 'unchanged' })
  const uncollected = (...events: readonly RunEvent[]) => [
    ...stateAfter(
      runStarted(),
      events.map((event) => [5, event] as const),
    ).uncollected.keys(),
  ]

  it('are those of attempts that have no end', () => {
    expect(uncollected(started('T1', '/w/1'), started('T2', '/w/2'), ended('T1'))).toEqual(['/w/2'])
    expect(uncollected(started('T1', '/w/1'), done('T1'), started('T2', '/w/1'))).toEqual(['/w/1'])
    expect(uncollected(started('T1', '/w/1'), done('T1'), started('T2', '/w/1'), done('T2'))).toEqual([])
    expect(uncollected(started('T1', ''))).toEqual([])
  })

  it('include those that were handed on while the previous attempt waited to land', () => {
    expect(uncollected(started('T1', '/w/1'), started('T2', '/w/1'), done('T1'))).toEqual(['/w/1'])
  })

  it('include those that were kept, whatever comes after', () => {
    const kept: RunEvent = { type: 'workspace_kept', path: '/w/1', why: 'a nested repository' }
    expect(uncollected(started('T1', '/w/1'), kept, ended('T1'))).toEqual(['/w/1'])
  })
})
