import type { EarlyStop } from '../domain/run/early-stop.js'
import type { AgentPool } from '../pool/contract.js'
import type { Recorder } from './recorder.js'

/** Ends a run before its end: nothing starts any more, what runs may finish. The first reason counts. */
export type StopEarly = (stop: EarlyStop) => void

export function createStopEarly(recorder: Recorder, pool: Pick<AgentPool, 'drain'>): StopEarly {
  return (stop) => {
    if (recorder.state.stopping) return
    void recorder.record({ type: 'run_stopping', ...stop })
    pool.drain(stop.why)
  }
}

/** The abort reason for running agents when a run stops early: an agent that has reported success keeps it. */
export const endedEarly = 'ended early'
