import { commitId, taskId, treeId } from '../../../support/brands.js'
import { noUsage } from '../../../../src/domain/agent/agent-event.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunEvent, RunRecord } from '../../../../src/domain/run/event.js'
import { failure } from '../../../../src/domain/agent/failure.js'
import { apply, initialState, replay, type RunState } from '../../../../src/domain/run/run-state.js'
import { runScripts, runStart, stampAll } from '../../../support/games/run-script.js'

/** The state after the start and these events, a second apart. */
function after(...events: readonly RunEvent[]): RunState {
  return replay(stampAll([{ event: runStart, after: 0 }, ...events.map((event) => ({ event, after: 1000 }))]))!
}

const of = { taskId: taskId('A'), attempt: 1 }
const started: RunEvent = {
  ...{ type: 'attempt_started', ...of, slot: 'S1', agent: { provider: 'codex', model: 'm' }, workspace: '/w' },
}
const reported = (event: Extract<RunEvent, { type: 'agent_reported' }>['event']): RunEvent => ({
  ...{ type: 'agent_reported', ...of, event },
})

describe('the fold over random runs', () => {
  it('gives what happened: states, busy time, attempts, usage and kept commits', () => {
    fc.assert(
      fc.property(runScripts, ({ records, outcome }) => {
        const state = replay(records)!
        expect(new Map([...state.tasks].map(([id, task]) => [id, task.state.type]))).toEqual(outcome.states)
        expect(new Map([...state.slots].map(([id, { busyMs }]) => [id, busyMs]))).toEqual(outcome.busyMs)
        expect(new Map([...state.slots].map(([id, { attempts }]) => [id, attempts]))).toEqual(outcome.attempts)
        expect(new Map([...state.slots].map(([id, { repairs }]) => [id, repairs]))).toEqual(outcome.repairs)
        expect(state.usage).toEqual(outcome.usage)
        expect(state.kept).toHaveLength(outcome.kept)
        expect(state.ms).toBe(records.at(-1)?.ms)
        const running = [...state.tasks.values()]
          .filter(({ state: { type } }) => type === 'running')
          .map(({ id }) => id)
        const atWork = [...state.slots.values()].flatMap(({ work }) => work?.taskId ?? [])
        expect(atWork.sort()).toEqual(running.sort())
      }),
    )
  })

  it('gives the same at once, one by one, from a resumed half, and from a stored journal, and leaves records unchanged', () => {
    fc.assert(
      fc.property(runScripts, fc.nat(100), ({ records }, cut) => {
        const stored = JSON.stringify(records)
        const whole = replay(records)
        const [first] = records
        const stepwise = initialState(first?.type === 'run_started' ? first : runStart)
        for (const record of records) apply(stepwise, record)
        expect(stepwise).toEqual(whole)
        const half = replay(records.slice(0, 1 + cut))!
        for (const record of records.slice(1 + cut)) apply(half, record)
        expect(half).toEqual(whole)
        expect(replay(JSON.parse(stored) as RunRecord[])).toEqual(whole)
        expect(JSON.stringify(records)).toBe(stored)
      }),
    )
  })
})

describe('the state', () => {
  it('of nothing, or of a journal without a beginning, does not exist', () => {
    expect(replay([])).toBeUndefined()
    expect(replay(stampAll([{ event: { type: 'task_canceled', taskId: taskId('A') }, after: 0 }]))).toBeUndefined()
  })

  it('begins with what the plan says', () => {
    const hold = { type: 'unresolved', refs: ['ghost'] } as const
    const tasks = [
      { id: taskId('A'), title: 'a', state: 'pending' },
      { id: taskId('B'), title: 'b', state: 'held', hold },
      { id: taskId('C'), title: 'c', state: 'done' },
    ] as const
    const state = initialState({ ...runStart, tasks })
    expect([...state.tasks.values()].map((task) => task.state)).toEqual([
      { type: 'pending' },
      { type: 'held', reason: hold },
      { type: 'done', how: 'before' },
    ])
    expect(state.counts).toEqual({ queueLength: 0, busyAgents: 0, availableAgents: 3 })
  })

  it('has the counts of the latest event', () => {
    const counts = { queueLength: 4, busyAgents: 3, availableAgents: 0 }
    expect(after({ type: 'queue_updated', ...counts }).counts).toEqual(counts)
  })

  it('of a busy slot says what it works on, since when, and what was seen last', () => {
    const work = {
      does: 'attempt',
      taskId: taskId('A'),
      attempt: 1,
      agent: { provider: 'codex', model: 'm' },
      since: 1000,
      workspace: '/w',
    }
    expect(after(started).slots.get('S1')).toEqual({
      id: 'S1',
      busyMs: 0,
      attempts: 1,
      repairs: 0,
      reviews: 0,
      finishes: 0,
      work,
    })
    const seen = [
      [{ type: 'tool', name: 'Read', target: 'a.ts' }, 'Read a.ts'],
      [{ type: 'tool', name: 'Think' }, 'Think'],
      [{ type: 'text', text: 'Hello' }, 'Hello'],
      [{ type: 'denied', tool: 'Bash', message: 'no' }, 'refused: Bash'],
      [{ type: 'retrying', message: '529' }, 'retrying: 529'],
    ] as const
    for (const [event, lastAction] of seen) {
      const state = after(started, reported(event), reported({ type: 'session', sessionId: 's' }))
      expect(state.slots.get('S1')?.work).toEqual({ ...work, lastAction })
    }
  })

  it('of a slot whose work has ended is idle, and late output of the agent changes nothing', () => {
    const exited: RunEvent = { type: 'agent_exited', ...of, slot: 'S1', exit: { type: 'code', code: 0 }, durationMs: 5 }
    const state = after(started, exited, reported({ type: 'text', text: 'late' }))
    expect(state.slots.get('S1')).toEqual({ id: 'S1', busyMs: 1000, attempts: 1, repairs: 0, reviews: 0, finishes: 0 })
    expect(state.tasks.get(taskId('A'))?.state).toEqual({ type: 'merging', attempt: 1 })
  })

  it('of a slot knows the round, and the directory of the attempt; a reviewer has one of its own', () => {
    const reason = failure('conflict', 'Conflicts.')
    const agent = { provider: 'codex' }
    const work = (event: RunEvent) => after(started, event).slots.get('S2')?.work
    expect(work({ type: 'repair_started', ...of, round: 2, slot: 'S2', agent, reason })).toMatchObject({
      ...{ does: 'repair', number: 2, workspace: '/w' },
    })
    const review = {
      type: 'review_started',
      ...of,
      review: 1,
      gate: 'tone',
      slot: 'S2',
      agent,
      tree: treeId('t'),
    } as const
    expect(work({ ...review, workspace: '/review' })).toMatchObject({ does: 'review', number: 1, workspace: '/review' })
    expect(work(review)?.workspace).toBe('')
  })

  it('has the gates and setups that run, on what and since when', () => {
    const tree = treeId('t')
    const setup: RunEvent = { type: 'setup_started', run: 1, use: 'gates', workspace: '/w/gates/1' }
    const gate: RunEvent = { type: 'gate_started', run: 3, gate: 'npm test', tree, taskIds: [taskId('A'), taskId('B')] }
    const atWork = after(setup, gate)
    expect([...atWork.setupsAtWork]).toEqual([[1, { use: 'gates', since: 1000 }]])
    expect([...atWork.gatesAtWork]).toEqual([[3, { gate: 'npm test', taskIds: ['A', 'B'], since: 2000 }]])
    const ended = after(
      setup,
      gate,
      { type: 'setup_ended', run: 1, durationMs: 5 },
      { type: 'gate_ended', run: 3, durationMs: 5 },
    )
    expect([ended.setupsAtWork.size, ended.gatesAtWork.size]).toEqual([0, 0])
    const resumed: RunEvent = {
      ...{ type: 'run_resumed', version: '1', permissions: 'edit', maxAttempts: 3, slots: ['S1'] },
      ...{ tasks: runStart.tasks, failed: [], retried: [] },
    }
    expect(after(setup, gate, resumed)).toMatchObject({ setupsAtWork: new Map(), gatesAtWork: new Map() })
  })

  it('of a task whose gates run is verifying, and merging before that', () => {
    const exit = { type: 'code', code: 0 } as const
    const exited: RunEvent = { type: 'agent_exited', ...of, slot: 'S1', exit, durationMs: 5 }
    expect(after(started, exited).tasks.get(taskId('A'))?.state.type).toBe('merging')
    const judged = after(started, exited, { type: 'gates_began', ...of })
    expect(judged.tasks.get(taskId('A'))?.state).toEqual({ type: 'verifying', attempt: 1 })
  })

  it('of a task under review is verifying, until its verdict; the slot and what it uses are those of the reviewer', () => {
    const exit = { type: 'code', code: 0 } as const
    const agent = { provider: 'codex' }
    const review = {
      type: 'review_started',
      ...of,
      review: 1,
      gate: 'r',
      slot: 'S2',
      agent,
      tree: treeId('t'),
    } as const
    const events: RunEvent[] = [
      started,
      { type: 'agent_exited', ...of, slot: 'S1', exit, durationMs: 5 },
      { type: 'review_queued', ...of, gate: 'r' },
      review,
      { type: 'agent_reported', ...of, review: 1, event: { type: 'text', text: 'Hm.' } },
      { type: 'agent_exited', ...of, review: 1, slot: 'S2', exit, durationMs: 5 },
      { type: 'agent_finished', ...of, review: 1, usage: { ...noUsage, inputTokens: 7 }, text: '' },
      {
        type: 'gate_judged',
        ...of,
        gate: 'r',
        tree: treeId('t'),
        verdict: 'passed',
        durationMs: 1,
        remembered: false,
        by: { agent, reasons: [] },
      },
    ]
    const states = events.map((_, index) => after(...events.slice(0, index + 1)))
    expect(states.map((state) => state.tasks.get(taskId('A'))?.state.type)).toEqual([
      ...['running', 'merging', 'verifying', 'verifying', 'verifying', 'verifying', 'verifying', 'merging'],
    ])
    expect(states[4]!.slots.get('S2')?.work).toMatchObject({ does: 'review', taskId: 'A', agent, lastAction: 'Hm.' })
    expect(states.at(-1)!.slots.get('S2')).toMatchObject({ attempts: 0, repairs: 0, reviews: 1 })
    expect(states.at(-1)!.slots.get('S2')).not.toHaveProperty('work')
    expect(states.at(-1)!.usage.inputTokens).toBe(7)
    expect(states.at(-1)!.gates.passed).toBe(1)
  })

  it('of an integrated task keeps its commit', () => {
    const state = after(
      { type: 'task_integrated', ...of, commit: commitId('c1'), previous: commitId('b0') },
      { type: 'task_done', ...of, how: 'integrated' },
    )
    expect(state.tasks.get(taskId('A'))?.state).toEqual({ type: 'done', how: 'integrated', commit: 'c1' })
  })

  it('of a provider keeps its version when it is stopped', () => {
    const stopped = failure('auth', 'No login.')
    const state = after(
      { type: 'provider_detected', provider: 'claude', usable: true, version: '2.0.0' },
      { type: 'provider_stopped', provider: 'claude', failure: stopped },
      { type: 'provider_detected', provider: 'codex', usable: false, message: 'not found' },
    )
    expect(state.providers.get('claude')).toEqual({ usable: true, version: '2.0.0', stopped })
    expect(state.providers.get('codex')).toEqual({ usable: false })
  })

  it('remembers kept workspaces, why the run is canceling and how it ended', () => {
    const state = after(
      { type: 'workspace_kept', path: '/w1', why: 'stuck' },
      { type: 'run_canceling', why: 'interrupted' },
      { type: 'run_finished', exitCode: 130, why: 'interrupted' },
    )
    expect(state.keptWorkspaces).toEqual([{ path: '/w1', why: 'stuck' }])
    expect(state.canceling).toBe('interrupted')
    expect(state.finished).toEqual({ exitCode: 130, why: 'interrupted' })
    expect(state.ms).toBe(3000)
  })

  it('counts the attempts of a task: all, those that count, and those that an account ended before anything was used', () => {
    const of = { taskId: taskId('A') }
    const limited = failure('rate_limit', 'limited')
    const begun = (attempt: number): RunEvent => ({
      ...{ type: 'attempt_started', ...of, attempt, slot: 's1', agent: { provider: 'claude' }, workspace: '/w' },
    })
    const finished = (attempt: number, inputTokens: number): RunEvent => {
      const usage = { inputTokens, cachedInputTokens: 0, outputTokens: 0, costUsd: inputTokens / 100 }
      return { type: 'agent_finished', ...of, attempt, usage, text: '' }
    }
    const ended = (attempt: number, counted: boolean): RunEvent => {
      return {
        type: 'attempt_failed',
        ...of,
        attempt,
        failure: limited,
        willRetry: true,
        ...(counted ? {} : { counted }),
      }
    }
    const state = after(
      ...[begun(1), finished(1, 0), ended(1, false)],
      ...[begun(2), finished(2, 50), ended(2, false)],
      ...[begun(3), finished(3, 0), ended(3, true)],
    )
    expect(state.tasks.get(taskId('A'))).toMatchObject({
      attempts: { started: 3, counted: 1, unpaid: 1 },
      used: { inputTokens: 50, costUsd: 0.5 },
    })
  })

  it('ignores a task that the run is not about', () => {
    expect(after({ type: 'task_canceled', taskId: taskId('ghost') }).tasks.has(taskId('ghost'))).toBe(false)
  })
})
