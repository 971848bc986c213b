import fc from 'fast-check'
import { commitId, epochMs, runId, taskId } from '../brands.js'
import type { AttemptId } from '../../../src/domain/attempt/attempt.js'
import type { Usage } from '../../../src/domain/agent/agent-event.js'
import { eventVersion, type RunEvent, type RunRecord } from '../../../src/domain/run/event.js'
import { failure } from '../../../src/domain/agent/failure.js'
import type { TaskState } from '../../../src/domain/run/run-state.js'

/** What a run of the script below must result in; counted while it is written, not read from its events. */
export interface Outcome {
  readonly states: ReadonlyMap<string, TaskState['type']>
  readonly busyMs: ReadonlyMap<string, number>
  readonly attempts: ReadonlyMap<string, number>
  readonly repairs: ReadonlyMap<string, number>
  readonly usage: Usage
  readonly kept: number
}

interface Progress {
  state: TaskState['type']
  attempt: number
  slot?: string
  since: number
  /** Its work was kept out, and it waits for a slot of its round. */
  round: number
}

export const runStart: Extract<RunEvent, { type: 'run_started' }> = {
  ...{ type: 'run_started', runId: runId('r1'), version: '0.0.0', roadmap: 'roadmap.yaml', repository: '/repository' },
  ...{ isolation: 'workspace', permissions: 'edit', maxAttempts: 3, slots: ['S1', 'S2', 'S3'] },
  tasks: ['A', 'B', 'C', 'D', 'E', 'F'].map((id) => ({ id: taskId(id), title: `Task ${id}`, state: 'pending' })),
}

/** Stamps events as a journal does; each happens `after` ms later than the one before. */
export function stampAll(
  events: readonly { readonly event: RunEvent; readonly after: number }[],
): readonly RunRecord[] {
  let ms = 0
  return events.map(({ event, after }, index) => {
    ms += after
    return { ...event, v: eventVersion, seq: index + 1, at: epochMs(1_700_000_000_000 + ms), ms }
  })
}

/** Random runs that keep to the rules: what may come next depends on what has happened. */
export const runScripts: fc.Arbitrary<{ readonly records: readonly RunRecord[]; readonly outcome: Outcome }> = fc
  .array(fc.record({ task: fc.nat(5), way: fc.nat(9), after: fc.nat(500) }), { maxLength: 80, size: 'max' })
  .map(writeScript)

function writeScript(steps: readonly { readonly task: number; readonly way: number; readonly after: number }[]) {
  const tasks = new Map(
    runStart.tasks.map(({ id }): [string, Progress] => [id, { state: 'pending', attempt: 0, since: 0, round: 0 }]),
  )
  const free = [...runStart.slots]
  const busyMs = new Map(runStart.slots.map((id) => [id, 0]))
  const attempts = new Map(runStart.slots.map((id) => [id, 0]))
  const repairs = new Map(runStart.slots.map((id) => [id, 0]))
  const total = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 }
  const events: { event: RunEvent; after: number }[] = [{ event: runStart, after: 0 }]
  let [now, kept] = [0, 0]
  for (const { task, way, after } of steps) {
    const { id } = runStart.tasks[task]!
    const progress = tasks.get(id)!
    const of = { taskId: id, attempt: progress.attempt }
    const say = (...said: RunEvent[]) => {
      now += after
      events.push(...said.map((event, index) => ({ event, after: index === 0 ? after : 0 })))
    }
    const crash = failure('crash', 'It fell over.')
    const settle = () => {
      if (way === 9 && progress.round < 2) {
        Object.assign(progress, { state: 'queued', round: progress.round + 1 })
        say({ type: 'task_queued', ...of })
      } else if (way < 5) {
        progress.state = 'done'
        if (way < 2) say({ type: 'task_done', ...of, how: 'unchanged' })
        else
          say(
            { type: 'task_integrated', ...of, commit: commitId('c'), previous: commitId('b0') },
            { type: 'task_done', ...of, how: 'integrated' },
          )
      } else {
        kept++
        const retries = way < 8
        progress.state = retries ? 'pending' : 'failed'
        say(
          { type: 'commit_kept', ...of, commit: commitId('c'), ref: `refs/autopilot/${id}`, why: 'conflict' },
          { type: 'attempt_failed', ...of, failure: crash, willRetry: retries },
        )
        if (!retries) say({ type: 'task_failed', taskId: id, attempts: progress.attempt, failure: crash })
      }
    }
    if (progress.state === 'pending' && way === 0) {
      progress.state = 'held'
      say({ type: 'task_held', taskId: id, reason: { type: 'dependency', taskIds: [taskId('X')], byPerson: false } })
    } else if (progress.state === 'pending') {
      Object.assign(progress, { state: 'queued', attempt: progress.attempt + 1, round: 0 })
      say({ type: 'task_queued', taskId: id, attempt: progress.attempt })
    } else if (progress.state === 'queued' && way === 0) {
      progress.state = 'canceled'
      say({ type: 'task_canceled', taskId: id })
    } else if (progress.state === 'queued' && free.length > 0) {
      const slot = free.shift()!
      const served = progress.round > 0 ? repairs : attempts
      served.set(slot, served.get(slot)! + 1)
      say(startOf(of, slot, progress.round))
      Object.assign(progress, { state: 'running', slot, since: now })
    } else if (progress.state === 'running' && way < 4) {
      say({ type: 'agent_reported', ...of, event: { type: 'tool', name: 'Edit', target: 'a.ts' } })
    } else if (progress.state === 'running') {
      const usage = { inputTokens: way, cachedInputTokens: 1, outputTokens: after }
      const slot = progress.slot!
      const exit = { type: 'code', code: 0 } as const
      say(
        { type: 'agent_exited', ...of, slot, exit, durationMs: 1 },
        { type: 'agent_finished', ...of, usage, text: 'done' },
      )
      free.push(slot)
      busyMs.set(slot, busyMs.get(slot)! + now - progress.since)
      total.inputTokens += way
      total.cachedInputTokens += 1
      total.outputTokens += after
      progress.state = 'merging'
    } else if (progress.state === 'merging') settle()
  }
  const states = new Map([...tasks].map(([id, { state }]) => [id, state]))
  return { records: stampAll(events), outcome: { states, busyMs, attempts, repairs, usage: total, kept } }
}

function startOf(of: AttemptId, slot: string, round: number): RunEvent {
  const agent = { provider: 'claude' }
  if (round === 0) return { type: 'attempt_started', ...of, slot, agent, workspace: '/w', base: commitId('b0') }
  return {
    type: 'repair_started',
    ...of,
    slot,
    agent,
    round,
    reason: failure('gate_failed', 'It is red.'),
    base: commitId('b1'),
  }
}
