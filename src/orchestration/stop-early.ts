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

/** Why a signal aborts agents that are at work when a run stops early: an agent that has said success keeps it. */
export const endedEarly = 'ended early'
