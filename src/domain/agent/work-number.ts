import type { TaskId } from '../brand.js'
import { safeName } from '../name.js'
import { cleanLine } from '../text.js'

/** Where an agent or a gate works: what it shares with nobody at the same time. */
export interface WorkNumber {
  /** Its agent slot's, counted from 1; those of gate jobs come after those of all slots. */
  readonly number: number
  /** Absent for a gate that judges the target's tip, which is no task's work. */
  readonly taskId?: TaskId
}

/** The variables that tell a process about it; nothing else sets them. */
export const numberVariables = ['AUTOPILOT_SLOT', 'AUTOPILOT_PORT', 'AUTOPILOT_TASK'] as const

/** The name of a slot, as events have it. */
export function slotId(number: number): string {
  return `slot-${number}`
}

/** The number of a slot by its name. */
export function slotNumber(id: string): number {
  return Number(/\d+$/.exec(id)?.[0] ?? 0)
}

/** The first port of each number's block, starting with number 1; the last ones, or all, may have none. */
export type Ports = readonly number[]

export function portOf(number: number, ports: Ports): number | undefined {
  return ports[number - 1]
}

/** What agents and gates see of where they work. */
export function variablesOf({ number, taskId }: WorkNumber, ports: Ports): Readonly<Record<string, string>> {
  const port = portOf(number, ports)
  return {
    AUTOPILOT_SLOT: String(number),
    ...(port === undefined ? {} : { AUTOPILOT_PORT: String(port) }),
    ...(taskId === undefined ? {} : { AUTOPILOT_TASK: cleanLine(taskId, longestId) }),
  }
}

/** A variable holds no more than 128 KB; no id of a person's is as long as this. Characters. */
const longestId = 1_000

/** A task's id for a path, a URL or the name of a database: unchanged if it is harmless. */
export function nameOfTask(taskId: TaskId): string {
  return /^[A-Za-z0-9][\w-]{0,63}$/.test(taskId) ? taskId : safeName(taskId)
}
