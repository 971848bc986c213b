import { familiesIn, type ProcessorLook } from '../domain/process-family.js'
import type { SeenProcess } from '../domain/stray.js'
import { processTable } from './process-table.js'

/**
 * What the processes of a group, and those that descend from them, have used so far; without entries where there is no
 * /proc. By a look at the machine that is no older than so many ms.
 */
export type LookAtGroup = (pgid: number, maxAgeMs: number) => Promise<ProcessorLook>

/**
 * A look reads a file for each process of the machine: those who watch many groups share it, and what it costs does not
 * grow with their number.
 */
export function shareLooks(look: () => Promise<readonly SeenProcess[]> = processTable): LookAtGroup {
  let last: { readonly at: number; readonly families: Promise<ReturnType<typeof familiesIn<SeenProcess>>> } | undefined
  return async (pgid, maxAgeMs) => {
    if (!last || performance.now() - last.at > maxAgeMs)
      last = { at: performance.now(), families: look().then(familiesIn) }
    const { at, families } = last
    const family = (await families)(pgid)
    const times = new Map(family.map(({ pid, processorMs }) => [pid, processorMs]))
    return { times, ageMs: performance.now() - at }
  }
}

/** The one that all agents of this process share. */
export const processorTimes: LookAtGroup = shareLooks()
