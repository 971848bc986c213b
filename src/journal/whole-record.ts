import type { RunEvent } from '../domain/run/event.js'

/** What a field must hold, where it is there. */
type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const number: Check = (value) => typeof value === 'number'
const flag: Check = (value) => typeof value === 'boolean'
const texts: Check = (value) => Array.isArray(value) && value.every(text)

/** An object whose fields pass; those in `optional` may be missing. */
function object(required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check {
  return (value) => {
    if (typeof value !== 'object' || value === null) return false
    const fields = value as Readonly<Record<string, unknown>>
    return (
      Object.entries(required).every(([name, check]) => check(fields[name])) &&
      Object.entries(optional).every(([name, check]) => fields[name] === undefined || check(fields[name]))
    )
  }
}

const failure = object({ kind: text, message: text }, { paths: texts, detail: text, retryAt: number })
const usage = object({ inputTokens: number, cachedInputTokens: number, outputTokens: number }, { costUsd: number })
const turns: Check = (value) => Array.isArray(value) && value.every(object({ usage }))
const baseline = object({ total: usage }, { since: turns })
const model = object({ provider: text }, { model: text })
const hold: Check = (value) =>
  object({ type: text }, { refs: texts, taskIds: texts, message: text, status: text, group: text })(value) &&
  holdNeeds[(value as { type: string }).type]?.(value) !== false
const holdNeeds: Readonly<Record<string, Check>> = {
  unresolved: object({ refs: texts }),
  dependency: object({ taskIds: texts }),
  not_selected: object({ taskIds: texts }),
  unservable: object({ message: text }),
}
const target = object({ branch: text, base: text })
const plannedTask = object({ id: text, title: text, state: text }, { hold })
const tasks: Check = (value) => Array.isArray(value) && value.every(plannedTask)
const failedGate = object({ gate: text, message: text }, { tail: text, log: text })
const failedGates: Check = (value) => Array.isArray(value) && value.every(failedGate)
const said = object({ type: text }, { name: text, target: text, text, tool: text, message: text, usage, failure })

/** By type: the fields that a record cannot do without. */
const needed: Readonly<Record<RunEvent['type'], Check>> = {
  run_started: object({ runId: text, version: text, roadmap: text, slots: texts, tasks }, { target }),
  run_resumed: object({ version: text, slots: texts, tasks, failed: texts, retried: texts }, { target }),
  provider_detected: object({ provider: text, usable: flag }, { version: text, permissions: text, message: text }),
  provider_stopped: object({ provider: text, failure }),
  model_stopped: object({ provider: text, failure }, { model: text }),
  provider_cooled_down: object({ provider: text, until: number, failure }),
  run_waiting: object({ until: number, providers: texts }),
  notice: object({ level: text, text }),
  task_queued: object({ taskId: text, attempt: number }),
  task_held: object({ taskId: text, reason: hold }),
  queue_updated: object({ queueLength: number, busyAgents: number, availableAgents: number }),
  attempt_started: object({ taskId: text, attempt: number, slot: text, agent: model, workspace: text }, { base: text }),
  attempt_resumed: object({ taskId: text, attempt: number, agent: model }, { slot: text, workspace: text, base: text }),
  repair_started: object({ taskId: text, attempt: number, slot: text, agent: model, reason: failure, base: text }),
  finishing_started: object({ taskId: text, attempt: number, turn: number, slot: text, agent: model, reason: failure }),
  leftovers_ended: object({ taskId: text, attempt: number, what: texts }),
  ignored_written: object({ taskId: text, attempt: number, paths: texts }, { copies: text }),
  review_queued: object({ taskId: text, attempt: number, gate: text }),
  review_started: object({
    taskId: text,
    attempt: number,
    review: number,
    gate: text,
    slot: text,
    agent: model,
    tree: text,
  }),
  agent_spawned: object({ taskId: text, attempt: number, pid: number }),
  command_spawned: object({ what: text, pid: number }),
  agent_reported: object({ taskId: text, attempt: number, event: said }),
  agent_exited: object({ taskId: text, attempt: number, slot: text, exit: object({ type: text }), durationMs: number }),
  agent_used: object(
    { taskId: text, attempt: number, provider: text, usage },
    { unknown: texts, replaces: turns, after: baseline },
  ),
  agent_finished: object(
    { taskId: text, attempt: number, usage, text },
    { sessionId: text, failure, model: text, streamed: usage, unknown: texts, replaces: turns, after: baseline },
  ),
  candidate_created: object({ taskId: text, attempt: number, commit: text, ref: text, leftOut: texts }),
  gate_judged: object({ taskId: text, attempt: number, gate: text, tree: text, verdict: text, remembered: flag }),
  base_judged: object({ commit: text, tree: text, verdict: text, gates: failedGates }),
  base_awaited: object({ taskId: text, attempt: number, gates: texts }),
  commit_kept: object({ taskId: text, attempt: number, commit: text, ref: text, why: text }, { base: text }),
  attempt_failed: object({ taskId: text, attempt: number, failure, willRetry: flag }),
  task_integrated: object({ taskId: text, attempt: number, commit: text, previous: text }),
  task_done: object({ taskId: text, attempt: number, how: text }),
  task_failed: object({ taskId: text, attempts: number, failure }),
  task_canceled: object({ taskId: text }),
  roadmap_written: object({ taskId: text }),
  roadmap_not_written: object({ taskId: text, why: text }, { help: text }),
  workspace_kept: object({ path: text, why: text }),
  run_canceling: object({ why: text }),
  run_stopping: object({ reason: text, why: text, next: text }),
  run_finished: object({ exitCode: number, why: text }),
}

/**
 * Whether a record has all that the fold and the views take from it. They trust their types, and a file may be damaged
 * in ways that are still JSON.
 */
export function isWholeRecord(record: { readonly type: string }): boolean {
  // What a later version adds, the fold passes over.
  return !Object.hasOwn(needed, record.type) || needed[record.type as RunEvent['type']](record)
}
