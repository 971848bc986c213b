import { publicFields } from '../shape/public-part.js'
import { isShaped, misshapen } from '../shape/check.js'
import { moment, number, object, union, type ValueOf } from '../shape/shape.js'
import { agentEvents } from './events/agent-events.js'
import { attemptEvents } from './events/attempt-events.js'
import { controlEvents } from './events/control-events.js'
import { gateEvents } from './events/gate-events.js'
import { providerEvents } from './events/provider-events.js'
import { runEvents } from './events/run-events.js'
import { setupEvents } from './events/setup-events.js'
import { taskEvents } from './events/task-events.js'
import { toldEvents } from './events/told-events.js'

export type { Selected, TargetFacts } from './events/run-events.js'

/** Raised when an event changes its meaning; readers refuse what they do not know. */
export const eventVersion = 1

/**
 * Everything that can happen in a run, each with just its facts, in the past tense, by what it is about. The journal
 * stores these, the fold in `run-state.ts` turns them into the state, and every view reads nothing else. Their types, the
 * check of a journal, what of them is masked, what `--output json` prints of them and docs/events.md are taken from here.
 */
export const eventFamilies = {
  'The run': runEvents,
  'Acting on a run': controlEvents,
  Providers: providerEvents,
  Tasks: taskEvents,
  Attempts: attemptEvents,
  Agents: agentEvents,
  Setup: setupEvents,
  'Gates and reviews': gateEvents,
  'Worth knowing': toldEvents,
} as const

const events = {
  ...runEvents,
  ...controlEvents,
  ...providerEvents,
  ...taskEvents,
  ...attemptEvents,
  ...agentEvents,
  ...setupEvents,
  ...gateEvents,
  ...toldEvents,
}
export const eventShape = union(events)
export type RunEvent = ValueOf<typeof eventShape>

/**
 * What a record lacks that the fold and the views need, such as `task_failed: failure.kind`. They trust their types,
 * and a file may be damaged in ways that are still JSON. An event that only a later version knows lacks nothing.
 */
export function whatIsWrong(record: { readonly type: string }): string | undefined {
  if (!Object.hasOwn(events, record.type) || isShaped(eventShape, record)) return undefined
  return `${record.type}: ${misshapen(eventShape, record) ?? ''}`
}

/** How many wait for a slot, how many slots are in use, how many are free. */
export type QueueCounts = Pick<
  Extract<RunEvent, { type: 'queue_updated' }>,
  'queueLength' | 'busyAgents' | 'availableAgents'
>

/** When and in which order. */
export const stampFields = {
  v: number(
    'The version of the form. It increases when an event changes its meaning, not when fields or events are added.',
  ),
  seq: number('Counts from 1.'),
  at: moment('When, epoch ms.'),
  ms: number(
    'Monotonic ms since the run began. Neither the time between a stop and a resume counts, nor that for which Ctrl-Z stopped it.',
  ),
}
export const stampShape = object(stampFields)
export type Stamp = ValueOf<typeof stampShape>

/** A line of the journal. */
export type RunRecord = RunEvent & Stamp

export type EventType = RunEvent['type']
export type RecordOf<Type extends EventType> = Extract<RunRecord, { type: Type }>

/** The types of events for people that the state of a run doesn't depend on. */
export type Told = keyof typeof toldEvents

/** The types of events of what people do to a run while it is at work. */
export type Control = keyof typeof controlEvents

export function isControl(record: RunRecord): record is RecordOf<Control> {
  return Object.hasOwn(controlEvents, record.type)
}

export function isTold(record: RunRecord): record is RecordOf<Told> {
  return Object.hasOwn(toldEvents, record.type)
}

/**
 * The end of a switch over events that only acts: it does not compile until there is a case for each. What only a later
 * version knows comes here, and is passed over.
 */
export function passOver(unknown: never): undefined {
  return unknown
}

/** What of a record is promised, as docs/events.md describes it; see {@link Shape}. */
export function publicRecord(record: RunRecord): object {
  const { v, seq, at, ms } = record
  return { v, seq, at, ms, ...publicFields(eventShape, record) }
}
