import type { RunEvent, RunRecord } from '../../../src/domain/run/event.js'
import { failure } from '../../../src/domain/agent/failure.js'
import { eventVersion } from '../../../src/domain/run/event.js'
import { commitId, epochMs, runId, taskId, treeId } from '../brands.js'

interface LongRun {
  readonly tasks: number
  readonly slots: number
  /** Each task may wait for as many of those not long before it. */
  readonly dependencies: number
}

/** Numbers that look random and are the same each time. Source: mulberry32. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const verbs = ['Add', 'Check', 'Rewrite', 'Document', 'Speed up', 'Split', 'Test', 'Translate']
const nouns = ['the login form', 'search', 'the invoice export', 'sessions', 'error pages', 'the importer', 'e-mail']

/** The records of a run of many tasks as it might go: with dependencies, gates, repair rounds, failures and a limit. */
export function longRun({ tasks: count, slots: slotCount, dependencies }: LongRun): readonly RunRecord[] {
  const random = numbers(count)
  const pick = (most: number) => Math.floor(random() * most)
  const slots = Array.from({ length: slotCount }, (_, index) => `S${index + 1}`)
  const tasks = Array.from({ length: count }, (_, index) => {
    const near = Array.from(
      { length: index < 10 ? 0 : pick(dependencies + 1) },
      () => index - 1 - pick(Math.min(index, 60)),
    )
    return {
      id: taskId(`task-${index + 1}`),
      title: `${verbs[pick(verbs.length)]} ${nouns[pick(nouns.length)]} (${index + 1})`,
      state: 'pending' as const,
      groups: [`epic-${1 + Math.floor((index * 12) / count)}`],
      ...(near.length > 0 ? { waitsFor: [...new Set(near)].map((other) => taskId(`task-${other + 1}`)) } : {}),
    }
  })
  const records: RunRecord[] = []
  const say = (ms: number, event: RunEvent) => {
    const seq = records.length + 1
    records.push({ ...event, v: eventVersion, seq, at: epochMs(1_790_000_000_000 + ms), ms })
  }
  say(0, {
    ...{ type: 'run_started', runId: runId('20261130-081500-b5d1'), version: '0.1.0', roadmap: 'roadmap.yaml' },
    ...{ repository: '/work/shop', isolation: 'workspace', permissions: 'edit', maxAttempts: 3, slots, tasks },
    target: { branch: 'autopilot/main', base: commitId('b'.repeat(40)) },
  })
  for (const provider of ['claude', 'codex'])
    say(0, { type: 'provider_detected', provider, usable: true, version: '2.1.0' })

  // One loop over time: who is next to become free takes the first ready task.
  const settledAt = new Map<string, number>()
  const failed = new Set<string>()
  const events: { ms: number; event: RunEvent }[] = []
  const later = (ms: number, event: RunEvent) => void events.push({ ms, event })
  const free = slots.map((slot) => ({ slot, at: 0 }))
  for (const { id, waitsFor = [] } of tasks) {
    if (waitsFor.some((other) => failed.has(other))) {
      failed.add(id)
      const ms = Math.max(...waitsFor.map((other) => settledAt.get(other) ?? 0))
      settledAt.set(id, ms)
      later(ms, { type: 'task_held', taskId: id, reason: { type: 'dependency', taskIds: waitsFor, byPerson: false } })
      continue
    }
    const readyAt = Math.max(0, ...waitsFor.map((other) => settledAt.get(other) ?? 0))
    later(readyAt, { type: 'task_queued', taskId: id, attempt: 1 })
    const end = attempt(id, readyAt)
    settledAt.set(id, end)
  }

  function attempt(id: (typeof tasks)[number]['id'], readyAt: number): number {
    free.sort((a, b) => a.at - b.at)
    const seat = free[0]!
    const from = Math.max(seat.at, readyAt)
    const of = { taskId: id, attempt: 1 }
    const provider = pick(4) === 0 ? 'codex' : 'claude'
    const worked = 20_000 + pick(160_000)
    later(from, {
      ...{ type: 'attempt_started', ...of, slot: seat.slot, agent: { provider }, workspace: '/w' },
      base: commitId('b'.repeat(40)),
    })
    later(from + 1000, { type: 'agent_reported', ...of, event: { type: 'tool', name: 'Read', target: 'src/index.ts' } })
    later(from + worked / 2, {
      type: 'agent_reported',
      ...of,
      event: { type: 'text', text: 'I see what is missing here.' },
    })
    const isRed = pick(12) === 0
    const until = from + worked
    exit(of, seat.slot, provider, until)
    if (isRed) {
      const why = failure('gate_failed', 'The gate npm test failed: exit code 1.', {
        detail: 'not ok 3 - totals add up\n  expected: 42\n  actual: 41\n',
        log: `/work/shop/.autopilot/runs/20261130-081500-b5d1/gates/${id}-1-1-npm-test.log`,
      })
      gate(of, until + 4000, 'failed')
      if (pick(3) === 0) {
        later(until + 4000, { type: 'attempt_failed', ...of, failure: why, willRetry: false })
        later(until + 4001, { type: 'task_failed', taskId: id, attempts: 1, failure: why })
        failed.add(id)
        seat.at = until + 10
        return until + 4001
      }
      later(until + 4000, { type: 'task_queued', ...of })
      const repaired = until + 5000
      later(repaired, { type: 'repair_started', ...of, round: 1, slot: seat.slot, agent: { provider }, reason: why })
      exit(of, seat.slot, provider, repaired + 30_000)
      return land(of, repaired + 30_000, seat)
    }
    return land(of, until, seat)
  }

  function exit(
    of: { taskId: ReturnType<typeof taskId>; attempt: number },
    slot: string,
    provider: string,
    ms: number,
  ): void {
    later(ms, { type: 'agent_exited', ...of, slot, exit: { type: 'code', code: 0 }, durationMs: 1000 })
    const usage = { inputTokens: 20_000 + pick(50_000), cachedInputTokens: 15_000, outputTokens: 1000 + pick(4000) }
    const cost = provider === 'claude' ? { costUsd: 0.05 + random() / 4 } : {}
    later(ms + 1, { type: 'agent_finished', ...of, provider, usage: { ...usage, ...cost }, text: 'done' })
  }

  function gate(
    of: { taskId: ReturnType<typeof taskId>; attempt: number },
    ms: number,
    verdict: 'passed' | 'failed',
  ): void {
    later(ms - 3500, { type: 'gates_began', ...of })
    const facts = { gate: 'npm test', tree: treeId('t'), durationMs: 3000, remembered: false }
    later(ms, { type: 'gate_judged', ...of, ...facts, verdict })
  }

  function land(of: { taskId: ReturnType<typeof taskId>; attempt: number }, ms: number, seat: { at: number }): number {
    seat.at = ms + 10
    gate(of, ms + 4000, 'passed')
    const commit = commitId(of.taskId.padEnd(40, '0').replace(/[^0-9a-f]/g, 'c'))
    later(ms + 4200, { type: 'task_integrated', ...of, commit, previous: commitId('b'.repeat(40)) })
    later(ms + 4201, { type: 'task_done', ...of, how: 'integrated' })
    return ms + 4201
  }

  events.sort((a, b) => a.ms - b.ms)
  let [queued, busy] = [0, 0]
  const counts = () => ({ queueLength: Math.max(0, queued), busyAgents: busy, availableAgents: slotCount - busy })
  for (const { ms, event } of events) {
    say(ms, event)
    if (event.type === 'task_queued') queued++
    else if (event.type === 'attempt_started' || event.type === 'repair_started')
      [queued, busy] = [queued - 1, busy + 1]
    else if (event.type === 'agent_exited') busy--
    else continue
    say(ms, { type: 'queue_updated', ...counts() })
  }
  const last = records.at(-1)?.ms ?? 0
  say(last, {
    ...{ type: 'notice', level: 'warning', text: 'secrets: the value of TOKEN is not masked, because it is too short' },
  })
  say(last + 10, {
    type: 'run_finished',
    exitCode: failed.size > 0 ? 1 : 0,
    why: failed.size > 0 ? `${failed.size} not done` : 'every selected task is done',
  })
  return records
}
