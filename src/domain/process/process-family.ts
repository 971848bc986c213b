import { append } from '../grouped.js'

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
  return below(pids, childrenIn(processes))
}

/** A process group, and all that descends from its members. */
export function familyOf<Process extends Related>(pgid: number, processes: readonly Process[]): readonly Process[] {
  return familiesIn(processes)(pgid)
}

/** As {@link familyOf}, for many groups of one look at the machine. */
export function familiesIn<Process extends Related>(
  processes: readonly Process[],
): (pgid: number) => readonly Process[] {
  const children = childrenIn(processes)
  const groups = new Map<number, Process[]>()
  for (const process of processes) append(groups, process.group, process)
  return (pgid) => {
    const members = groups.get(pgid) ?? []
    const pids = members.map(({ pid }) => pid)
    return [...members, ...below(pids, children)]
  }
}

function childrenIn<Process extends Related>(processes: readonly Process[]): ReadonlyMap<number, readonly Process[]> {
  const children = new Map<number, Process[]>()
  for (const process of processes) append(children, process.parent, process)
  return children
}

function below<Process extends Related>(
  pids: readonly number[],
  children: ReadonlyMap<number, readonly Process[]>,
): readonly Process[] {
  const known = new Set(pids)
  const descendants: Process[] = []
  const queue = [...pids]
  for (const next of queue) {
    for (const child of children.get(next) ?? []) {
      if (known.has(child.pid)) continue
      known.add(child.pid)
      descendants.push(child)
      queue.push(child.pid)
    }
  }
  return descendants
}

/** By pid, the processor time that each process and its ended children have used so far, ms. */
export type ProcessorTimes = ReadonlyMap<number, number>

/** What one look at the machine showed of a group, and how long ago that was. */
export interface ProcessorLook {
  readonly times: ProcessorTimes
  readonly ageMs: number
}

/** How much was used between two looks. One that has come since counts whole; one that has gone, not at all. */
export function usedSince(before: ProcessorTimes, now: ProcessorTimes): number {
  let used = 0
  for (const [pid, ms] of now) used += Math.max(0, ms - (before.get(pid) ?? 0))
  return used
}
