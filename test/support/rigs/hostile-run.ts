import { failure } from '../../../src/domain/agent/failure.js'
import type { RunEvent, RunRecord } from '../../../src/domain/run/event.js'
import { commitId, runId, taskId, treeId } from '../brands.js'
import { runStart, stampAll } from '../games/run-script.js'
import { hostileTexts } from './hostile.js'

/** A run all texts and names of which are hostile. */
export function hostileRun(): readonly RunRecord[] {
  const tasks = hostileTexts.map((text, index) => ({
    ...{ id: taskId(`${index} ${text}`), title: text, state: 'pending' as const, groups: [text] },
    ...(index > 0 ? { waitsFor: [`${index - 1} ${hostileTexts[index - 1] ?? ''}`] } : {}),
  }))
  const events = tasks.flatMap(({ id, title }): RunEvent[] => {
    const of = { taskId: id, attempt: 1 }
    const why = failure('gate_failed', title, {
      detail: hostileTexts.join('\n'),
      paths: [title],
      log: `/logs/${title}`,
    })
    const judged = { tree: treeId('t'), verdict: 'failed', durationMs: 10, remembered: false } as const
    const by = { agent: { provider: title, model: title }, reasons: [title] }
    return [
      { type: 'attempt_started', ...of, slot: 'S1', agent: { provider: 'claude', model: title }, workspace: '/w' },
      { type: 'agent_reported', ...of, event: { type: 'text', text: title } },
      { type: 'agent_reported', ...of, event: { type: 'denied', tool: title, target: title, message: title } },
      { type: 'agent_exited', ...of, slot: 'S1', exit: { type: 'code', code: 0 }, durationMs: 10 },
      { type: 'gate_judged', ...of, gate: title, ...judged },
      { type: 'gate_judged', ...of, gate: title, ...judged, by },
      { type: 'notice', level: 'warning', text: title },
      { type: 'attempt_failed', ...of, failure: why, willRetry: false },
      { type: 'task_failed', taskId: id, attempts: 1, failure: why },
    ]
  })
  const start = {
    ...runStart,
    tasks,
    target: { branch: hostileTexts.join(' '), base: commitId('b') },
    roadmap: hostileTexts[0],
    version: hostileTexts[1],
    runId: runId(hostileTexts[0]),
  }
  return stampAll([start, ...events].map((event) => ({ event, after: 10 })))
}
