import { familiesIn, type ProcessorLook } from '../../../domain/process/process-family.js'
import type { SeenProcess } from '../../../domain/process/stray.js'
import { processTable } from './process-table.js'

/** What one look at the machine showed of a process group and those that descend from it, and how long ago that was. */
export interface FamilyLook {
  readonly members: readonly SeenProcess[]
  readonly ageMs: number
}

/** By a look at the machine no older than this, in ms; without members if there is no /proc. */
export type LookAtFamily = (pgid: number, maxAgeMs: number) => FamilyLook

/** As {@link LookAtFamily}, what its processes have used so far. */
export type LookAtGroup = (pgid: number, maxAgeMs: number) => Promise<ProcessorLook>

/**
 * A look reads a file for each process of the machine: those who watch many groups share it, and what it costs does not
 * grow with their number.
 */
export function shareLooks(look: () => readonly SeenProcess[] = processTable): LookAtFamily {
  let last: { readonly at: number; readonly families: ReturnType<typeof familiesIn<SeenProcess>> } | undefined
  return (pgid, maxAgeMs) => {
    if (!last || performance.now() - last.at > maxAgeMs) last = { at: performance.now(), families: familiesIn(look()) }
    const { at, families } = last
    return { members: families(pgid), ageMs: performance.now() - at }
  }
}

/** The one that all of this process share who watch agents and gits. */
export const lookAtFamily: LookAtFamily = shareLooks()

export const processorTimes: LookAtGroup = (pgid, maxAgeMs) => {
  const { members, ageMs } = lookAtFamily(pgid, maxAgeMs)
  return Promise.resolve({ times: timesOf(members), ageMs })
}

/** By pid, the processor time of each. */
export function timesOf(members: readonly SeenProcess[]): ProcessorLook['times'] {
  return new Map(members.map(({ pid, processorMs }) => [pid, processorMs]))
}
