import { append } from './grouped.js'

/** A process and where it belongs. */
interface Related {
  readonly pid: number
  readonly parent: number
  readonly group: number
}

/** All that descend from these processes, not they themselves: agents run their shell tools in groups of their own. */
export function descendantsOf<Process extends Related>(
  pids: readonly number[],
  processes: readonly Process[],
): readonly Process[] {
  const children = new Map<number, Process[]>()
  for (const one of processes) append(children, one.parent, one)
  const known = new Set(pids)
  const found: Process[] = []
  const queue = [...pids]
  for (const next of queue) {
    for (const child of children.get(next) ?? []) {
      if (known.has(child.pid)) continue
      known.add(child.pid)
      found.push(child)
      queue.push(child.pid)
    }
  }
  return found
}

/** A process group, and all that descends from its members. */
export function familyOf<Process extends Related>(pgid: number, processes: readonly Process[]): readonly Process[] {
  const members = processes.filter(({ group }) => group === pgid)
  const pids = members.map(({ pid }) => pid)
  return [...members, ...descendantsOf(pids, processes)]
}

/** By pid, the processor time that each process and its ended children have used so far, ms. */
export type ProcessorTimes = ReadonlyMap<number, number>

/** How much was used between two looks. One that has come since counts whole; one that has gone, not at all. */
export function usedSince(before: ProcessorTimes, now: ProcessorTimes): number {
  let used = 0
  for (const [pid, ms] of now) used += Math.max(0, ms - (before.get(pid) ?? 0))
  return used
}
