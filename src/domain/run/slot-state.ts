import type { TaskId } from '../brand.js'
import { lastAction } from '../agent/last-action.js'
import type { ProviderModel } from '../agent/provider-model.js'
import { present } from '../present.js'
import type { RecordOf, RunRecord } from './event.js'

/** What a busy slot is doing; `since` in monotonic ms of the run. */
export interface SlotWork {
  readonly does: 'attempt' | 'repair' | 'review' | 'finish'
  readonly taskId: TaskId
  readonly attempt: number
  /** The number of the repair round, of the finishing turn or of the review, counted from 1 within the attempt. */
  readonly number?: number
  readonly agent: ProviderModel
  readonly since: number
  /** The directory that it works in, as far as it is known. */
  readonly workspace?: string
  /** The last thing that it was seen doing. Outside text. */
  readonly lastAction?: string
}

/** A slot and what it did; `busyMs` in monotonic ms of the run. */
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
  readonly work?: SlotWork
}

type Slots = Map<string, SlotState>

export function unusedSlot(id: string): SlotState {
  return { id, busyMs: 0, attempts: 0, repairs: 0, reviews: 0, finishes: 0 }
}

/** What each kind of work is counted as. */
const served = {
  attempt_started: { does: 'attempt', counts: 'attempts' },
  attempt_resumed: { does: 'attempt', counts: 'attempts' },
  repair_started: { does: 'repair', counts: 'repairs' },
  finishing_started: { does: 'finish', counts: 'finishes' },
  review_started: { does: 'review', counts: 'reviews' },
} as const

export type StartOfWork = Extract<RunRecord, { type: keyof typeof served }> & { readonly slot: string }

/** An agent begins on a slot. `workspace`: where its attempt was before. */
export function startWork(slots: Slots, record: StartOfWork, workspace: string | undefined): void {
  const slot = slots.get(record.slot) ?? unusedSlot(record.slot)
  const { taskId, attempt, agent, ms } = record
  const { does, counts } = served[record.type]
  const facts = present({ number: numberOf(record), workspace: workspaceOf(record) ?? workspace })
  slots.set(slot.id, {
    ...slot,
    [counts]: slot[counts] + 1,
    work: { does, taskId, attempt, agent, since: ms, ...facts },
  })
}

function numberOf(record: StartOfWork): number | undefined {
  switch (record.type) {
    case 'attempt_started':
    case 'attempt_resumed':
      return undefined
    case 'repair_started':
      return record.round
    case 'finishing_started':
      return record.turn
    case 'review_started':
      return record.review
  }
}

/** A reviewer looks at a checkout of its own. */
function workspaceOf(record: StartOfWork): string | undefined {
  if (record.type === 'review_started') return record.workspace ?? ''
  return 'workspace' in record ? record.workspace : undefined
}

/** The slot's agent has ended, at `ms`; returns what it had worked on. */
export function endWork(slots: Slots, slotId: string, ms: number): SlotWork | undefined {
  const slot = slots.get(slotId)
  if (!slot?.work) return undefined
  const { work, ...rest } = slot
  slots.set(slot.id, { ...rest, busyMs: slot.busyMs + ms - work.since })
  return work
}

/** Remembers the last thing that an agent was seen doing, for the line of its slot. */
export function noteAction(slots: Slots, slotId: string | undefined, { event }: RecordOf<'agent_reported'>): void {
  const slot = slotId === undefined ? undefined : slots.get(slotId)
  if (!slot?.work) return
  const action = lastAction(event)
  if (action !== undefined) slots.set(slot.id, { ...slot, work: { ...slot.work, lastAction: action } })
}
