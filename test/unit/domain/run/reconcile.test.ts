import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commitId, taskId } from '../../../support/brands.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { failure, type FailureKind } from '../../../../src/domain/agent/failure.js'
import { reconcile, type ResumeFacts, type Resumption } from '../../../../src/domain/run/reconcile.js'
import { replay } from '../../../../src/domain/run/run-state.js'
import { CrashGame } from '../../../support/games/crash-game.js'
import { runStarted, stamp } from '../../../support/rigs/records.js'
import type { PlannedTask } from '../../../../src/domain/roadmap/plan.js'

describe('a run that is killed and stopped at any moment, and resumed each time', () => {
  const moves = fc.array(
    fc.record({
      task: fc.nat(3),
      what: fc.oneof(
        { weight: 12, arbitrary: fc.constant('step' as const) },
        { weight: 2, arbitrary: fc.constant('kill' as const) },
        { weight: 1, arbitrary: fc.constant('stop' as const) },
      ),
      flushed: fc.nat(3),
      speaks: fc.boolean(),
    }),
    { maxLength: 120, size: 'max' },
  )

  it('brings each task to the target exactly once, pays for none twice, and its journal says so', () => {
    fc.assert(
      fc.property(moves, (game) => {
        const run = new CrashGame(4)
        for (const move of game) run.play(move)
        run.finish()
        expect(run.landed.map(({ task }) => task).sort()).toEqual([...run.ids])
        expect([...run.paid].sort()).toEqual([...run.ids])
        const state = replay(run.records)!
        for (const { task, commit } of run.landed)
          expect(state.tasks.get(taskId(task))?.state).toEqual({ type: 'done', how: 'integrated', commit })
        // Being interrupted uses up no attempt.
        expect([...state.progress.values()].every(({ used }) => used === 0)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  const edits = fc.array(
    fc.record({
      task: fc.nat(1),
      what: fc.oneof(
        { weight: 16, arbitrary: fc.constant('step' as const) },
        { weight: 3, arbitrary: fc.constant('reword' as const) },
        { weight: 3, arbitrary: fc.constant('kill' as const) },
        { weight: 2, arbitrary: fc.constant('stop' as const) },
        { weight: 1, arbitrary: fc.constant('reset' as const) },
        { weight: 1, arbitrary: fc.constant('clone' as const) },
      ),
      text: fc.constantFrom('x', 'y', 'z'),
      flushed: fc.nat(3),
      speaks: fc.boolean(),
    }),
    { maxLength: 120, size: 'max' },
  )

  it('ends with the file’s tasks done by agents that were given its words, whoever rewords them or resets the target', () => {
    fc.assert(
      fc.property(edits, (game) => {
        const run = new CrashGame(2)
        for (const move of game) run.play(move)
        run.finish()
        // Work that landed for a text was made by an agent that had last been told that text.
        for (const { text, told } of run.arrived) expect(told).toBe(text)
        const state = replay(run.records)!
        for (const id of run.ids) {
          const here = run.landed.filter(({ task }) => task === id)
          expect(new Set(here.map(({ text }) => text)).size).toBe(here.length)
          expect(here.map(({ text }) => text)).toContain(run.wanted.get(id))
          expect(state.tasks.get(id)?.state.type).toBe('done')
          // Nothing is paid for again except what somebody changed or lost.
          const paid = run.paid.filter((one) => one === id).length
          expect(paid).toBeLessThanOrEqual(1 + (run.changes.get(id) ?? 0))
        }
      }),
      { numRuns: 500 },
    )
  })
})

const of = { taskId: taskId('T1'), attempt: 1 }
const started: RunEvent = {
  ...{
    type: 'attempt_started',
    ...of,
    slot: 's1',
    agent: { provider: 'claude' },
    workspace: '/w/1',
    base: commitId('b'),
  },
}
const session: RunEvent = { type: 'agent_reported', ...of, event: { type: 'session', sessionId: 's' } }
const usage = { inputTokens: 5, cachedInputTokens: 0, outputTokens: 1 }
const ended: RunEvent = { type: 'agent_finished', ...of, usage, text: '' }
const candidate = (commit: string): RunEvent => ({
  ...{ type: 'candidate_created', ...of, commit: commitId(commit), ref: 'refs/r', leftOut: [] },
})
const failed = (kind: FailureKind, attempt = 1): RunEvent => ({
  ...{ type: 'attempt_failed', taskId: taskId('T1'), attempt, failure: failure(kind, 'No.'), willRetry: false },
})
const repair: RunEvent = {
  ...{ type: 'repair_started', ...of, round: 1, slot: 's1', agent: { provider: 'claude' }, base: commitId('t') },
  reason: failure('gate_failed', 'Red.'),
}

const lands = { type: 'continue', course: { state: { type: 'judging' } } } as const
const continues = { type: 'continue', course: { state: { type: 'queued', turn: { type: 'take_up' } } } } as const

const nothingFound: ResumeFacts = {
  landed: () => [],
  text: () => undefined,
  candidate: () => undefined,
  lastRef: () => 0,
  stands: () => false,
  canContinue: ({ sessionId }) => sessionId !== undefined,
  maxAttemptsOf: () => 3,
  maxTotalAttempts: 10,
  retryFailed: false,
}

const planned: readonly PlannedTask[] = [{ id: taskId('T1'), title: 'T1', state: 'pending' }]

/** How task T1 continues after these events. */
function after(events: readonly RunEvent[], facts: Partial<ResumeFacts> = {}): Resumption | undefined {
  const state = replay([runStarted(), ...events].map((event, index) => stamp(event, index, index + 1)))!
  return reconcile(state, planned, { ...nothingFound, ...facts }).get(taskId('T1'))
}

describe('a task of a resumed run', () => {
  it('starts its first attempt if none had begun, and another one if nothing of the last is left', () => {
    expect(after([])).toEqual({ type: 'start', attempt: 1, retried: false })
    expect(after([started])).toMatchObject({ type: 'start', attempt: 2 })
    expect(after([started], { lastRef: () => 4 })).toMatchObject({ type: 'start', attempt: 5 })
  })

  it('goes to the merge queue if its agent ended well and its work is on its ref, whether or not the journal knows', () => {
    const known = after([started, session, ended, candidate('c')], { candidate: () => commitId('c') })
    expect(known).toMatchObject({
      ...lands,
      candidate: 'c',
      course: { ...lands.course, base: 'b', sessionId: 's', used: { total: usage } },
    })
    expect(after([started, ended], { candidate: () => commitId('c') })).toMatchObject({ ...lands, candidate: 'c' })
  })

  it('does not go there with the work of an earlier round, which a gate has refused', () => {
    const round = [started, session, ended, candidate('c1'), repair]
    const here = { candidate: () => commitId('c1'), stands: () => true }
    expect(after(round, here)).toMatchObject({
      stands: true,
      course: {
        ...continues.course,
        round: 1,
        collected: 'c1',
        base: 't',
        merges: [{ commit: 'c1', base: 'b', tip: 't' }],
      },
    })
    expect(after([...round, ended], here)).toMatchObject({ course: { state: { type: 'collecting' }, collected: 'c1' } })
    const moved = after([...round, ended], { ...here, candidate: () => commitId('c2') })
    expect(moved).toMatchObject({ ...lands, candidate: 'c2' })
  })

  it('has its work collected if its agent ended well and its workspace still exists', () => {
    expect(after([started, ended], { stands: () => true })).toMatchObject({
      type: 'continue',
      course: { state: { type: 'collecting' } },
    })
    expect(after([started, ended])).toMatchObject({ type: 'start', attempt: 2 })
  })

  it('continues its conversation once the CLI has named it, even if the run was stopped in good order', () => {
    expect(after([started, session])).toMatchObject({ ...continues, stands: false })
    const canceled: RunEvent = { ...ended, failure: failure('canceled', 'Canceled.') }
    const stopped = [started, session, canceled, candidate('c'), failed('canceled')]
    const resumed = after([...stopped, { type: 'task_canceled', taskId: taskId('T1') }], {
      candidate: () => commitId('c'),
    })
    expect(resumed).toMatchObject({ ...continues, candidate: 'c' })
    expect(after([started, session], { canContinue: () => false })).toMatchObject({ type: 'start', attempt: 2 })
  })

  it('starts another attempt if its agent had ended badly by itself', () => {
    const crashed: RunEvent = { ...ended, failure: failure('crash', 'It fell over.') }
    expect(after([started, session, crashed])).toMatchObject({ type: 'start', attempt: 2 })
  })

  it('continues its conversation if only money ended it, even the task’s own', () => {
    const capped: RunEvent = { ...ended, failure: failure('budget', 'Spent.') }
    const stopped = [started, session, capped, candidate('c'), { ...failed('budget'), counted: false } as RunEvent]
    const inConversation = { ...continues, stands: false, candidate: 'c' }
    expect(after(stopped, { candidate: () => commitId('c') })).toMatchObject(inConversation)
    const gone: RunEvent = {
      type: 'task_failed',
      taskId: taskId('T1'),
      attempts: 1,
      failure: failure('budget', 'Spent.'),
    }
    expect(after([...stopped, gone], { candidate: () => commitId('c'), maxAttemptsOf: () => 1 })).toMatchObject(
      inConversation,
    )
    // If it cannot be continued, an attempt begins that knows what the gates said before.
    const repaired = [started, session, ended, candidate('c1'), repair, capped, failed('budget')]
    expect(after(repaired, { canContinue: () => false })).toMatchObject({ type: 'start', attempt: 2 })
    const state = replay([runStarted(), ...repaired].map((event, index) => stamp(event, index, index + 1)))!
    expect(state.progress.get(taskId('T1'))?.feedback).toMatchObject([{ kind: 'gate_failed' }])
  })

  it('lands if its agent had ended well and the money ran out during its review', () => {
    const stopped = [started, session, ended, candidate('c'), { ...failed('budget'), counted: false } as RunEvent]
    expect(after(stopped, { candidate: () => commitId('c') })).toMatchObject({ ...lands, candidate: 'c' })
  })

  it('stays failed if it failed for good, unless it is to be retried or has attempts left by now', () => {
    const gone: RunEvent = { type: 'task_failed', taskId: taskId('T1'), attempts: 1, failure: failure('crash', 'No.') }
    const used = [started, failed('crash'), gone]
    expect(after(used, { maxAttemptsOf: () => 1 })).toEqual({ type: 'failed' })
    expect(after(used, { maxAttemptsOf: () => 2 })).toEqual({ type: 'start', attempt: 2, retried: false })
    const again = after(used, { maxAttemptsOf: () => 1, retryFailed: true })
    expect(again).toEqual({ type: 'start', attempt: 2, retried: true })
  })

  it('continues where it stood if it failed only because the target could not be moved', () => {
    const moved: RunEvent = {
      type: 'task_failed',
      taskId: taskId('T1'),
      attempts: 1,
      failure: failure('target', 'Moved.'),
    }
    const facts = { candidate: () => commitId('c'), maxAttemptsOf: () => 1 }
    const events = [started, ended, candidate('c'), failed('target'), moved]
    expect(after(events, facts)).toMatchObject(lands)
  })

  it('counts as integrated if its commit is on the target, whatever else is known', () => {
    const landing = { attempt: 1, commit: commitId('l'), previous: commitId('p') }
    const found = { landed: () => [landing], candidate: () => commitId('c') }
    expect(after([started, ended, candidate('c')], found)).toEqual({ type: 'landed', ...landing })
    const told: RunEvent = { type: 'task_integrated', ...of, commit: commitId('l'), previous: commitId('p') }
    expect(after([started, ended, candidate('c'), told], found)).toMatchObject({ type: 'start' })
  })

  it('counts no attempt of a review as its own', () => {
    const review = { ...session, review: 1, event: { type: 'session', sessionId: 'r' } } as RunEvent
    expect(after([started, session, review])).toMatchObject({ course: { ...continues.course, sessionId: 's' } })
  })
})
