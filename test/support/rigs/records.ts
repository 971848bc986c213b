import { commitId, epochMs, runId, taskId } from '../brands.js'
import { eventVersion, isTold, type RunEvent, type RunRecord } from '../../../src/domain/run/event.js'
import { apply, initialState, type RunState } from '../../../src/domain/run/run-state.js'
import { describeTold } from '../../../src/ui/told.js'

/** The beginning of a run with two slots; what `change` names replaces the defaults. */
export function runStarted(change: Partial<RunState['start']> = {}): RunState['start'] {
  return {
    type: 'run_started',
    runId: runId('r1'),
    version: '1.2.3',
    roadmap: 'roadmap.yaml',
    repository: '/repo',
    isolation: 'workspace',
    target: { branch: 'autopilot/main', base: commitId('0123456789abcdef0123456789abcdef01234567') },
    permissions: 'edit',
    maxAttempts: 3,
    slots: ['s1', 's2'],
    tasks: [
      { id: taskId('T1'), title: 'Say hello', state: 'pending' },
      { id: taskId('T2'), title: 'T2', state: 'pending' },
    ],
    ...change,
  }
}

/** An event as the recorder stamps it; `ms` is the run's time. */
export function stamp(event: RunEvent, ms = 0, seq = 1): RunRecord {
  return { v: eventVersion, seq, at: epochMs(1_700_000_000_000 + ms), ms, ...event }
}

/** The state after a run's events, each with the run's time at which it happened. */
export function stateAfter(
  start: RunState['start'],
  events: readonly (readonly [ms: number, event: RunEvent])[],
): RunState {
  const state = initialState(start)
  for (const [ms, event] of events) apply(state, stamp(event, ms))
  return state
}

/** What a person was told about a run. */
export function toldTexts(records: readonly RunRecord[]): readonly string[] {
  return records.flatMap((record) => (isTold(record) ? [describeTold(record).text] : []))
}
