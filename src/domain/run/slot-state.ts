import type { TaskId } from '../brand.js'
import { lastAction } from '../agent/last-action.js'
import type { ProviderModel } from '../agent/provider-model.js'
import type { RecordOf, RunRecord } from './event.js'
import type { TaskRecord } from './task-record.js'

/** What a busy slot is doing; `since` and `busyMs` in monotonic ms of the run. */
export interface SlotState {
  readonly id: string
  readonly busyMs: number
  /** Attempts on this slot so far, the current one included. */
  readonly attempts: number
  /** Repair rounds on this slot so far, the current one included. */
  readonly repairs: number
  /** Reviews on this slot so far, the current one included. */
  readonly reviews: number
  /** Finishing turns on this slot so far, the current one included. */
  readonly finishes: number
  readonly work?: {
    readonly does: 'attempt' | 'repair' | 'review' | 'finish'
    readonly taskId: TaskId
    readonly attempt: number
    readonly agent: ProviderModel
    readonly since: number
    readonly lastAction?: string
  }
}

type Slots = Map<string, SlotState>

export function unusedSlot(id: string): SlotState {
  return { id, busyMs: 0, attempts: 0, repairs: 0, reviews: 0, finishes: 0 }
}

type StartOfWork = Extract<RunRecord, { type: keyof typeof served }> & {
  readonly slot: string
}

/** What each kind of work is counted as. */
const served = {
  attempt_started: { does: 'attempt', counts: 'attempts' },
  attempt_resumed: { does: 'attempt', counts: 'attempts' },
  repair_started: { does: 'repair', counts: 'repairs' },
  finishing_started: { does: 'finish', counts: 'finishes' },
  review_started: { does: 'review', counts: 'reviews' },
} as const

export function startWork(slots: Slots, record: StartOfWork): void {
  const slot = slots.get(record.slot) ?? unusedSlot(record.slot)
  const { taskId, attempt, agent, ms } = record
  const { does, counts } = served[record.type]
  const work = { does, taskId, attempt, agent, since: ms }
  slots.set(slot.id, { ...slot, [counts]: slot[counts] + 1, work })
}

export function endWork(slots: Slots, record: RecordOf<'agent_exited'>): void {
  const slot = slots.get(record.slot)
  if (!slot?.work) return
  const { work, ...rest } = slot
  slots.set(slot.id, { ...rest, busyMs: slot.busyMs + record.ms - work.since })
}

/** Remembers the last thing that an agent was seen doing, for the line of its slot. */
export function noteAction(slots: Slots, task: TaskRecord | undefined, record: RecordOf<'agent_reported'>): void {
  const action = lastAction(record.event)
  const slotId = task?.state.type === 'running' || task?.state.type === 'verifying' ? task.state.slot : undefined
  const slot = slotId === undefined ? undefined : slots.get(slotId)
  if (action === undefined || !slot?.work) return
  slots.set(slot.id, { ...slot, work: { ...slot.work, lastAction: action } })
}
