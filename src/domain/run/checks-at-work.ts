import type { TaskId } from '../brand.js'
import type { RecordOf } from './event.js'

/** A gate that runs; `since` in monotonic ms of the run. */
export interface RunningGate {
  readonly gate: string
  /** The tasks whose work is in the tree; none if it is the base. */
  readonly taskIds: readonly TaskId[]
  readonly since: number
}

/** A setup that runs. */
export interface RunningSetup {
  readonly use: 'agents' | 'gates'
  readonly since: number
}

/** Setups and gates that run now: each by the number that its start and its end share. */
export interface ChecksAtWork {
  readonly gatesAtWork: Map<number, RunningGate>
  readonly setupsAtWork: Map<number, RunningSetup>
}

type CheckRecord = RecordOf<'gate_started' | 'gate_ended' | 'setup_started' | 'setup_ended'>

export function noChecks(): ChecksAtWork {
  return { gatesAtWork: new Map(), setupsAtWork: new Map() }
}

export function followChecks({ gatesAtWork, setupsAtWork }: ChecksAtWork, record: CheckRecord): void {
  switch (record.type) {
    case 'gate_started':
      gatesAtWork.set(record.run, { gate: record.gate, taskIds: record.taskIds, since: record.ms })
      return
    case 'gate_ended':
      gatesAtWork.delete(record.run)
      return
    case 'setup_started':
      setupsAtWork.set(record.run, { use: record.use, since: record.ms })
      return
    case 'setup_ended':
      setupsAtWork.delete(record.run)
  }
}
