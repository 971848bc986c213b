import { descendantsOf } from '../../domain/process/process-family.js'
import { isOver } from '../../domain/process/stray.js'
import { livingGroups, processesWith, signalGroup } from './process-group.js'
import { argumentsOf, processTable } from './table/process-table.js'
import { watchdogName } from './watchdog.js'

/** Whatever was being started during one look is seen by the next. */
const maxLooks = 5

/**
 * SIGSTOP to all that this process has started and that still runs: the groups, what left them, and what bears this entry in
 * its environment, such as what a worker has started. Not to watchdogs, which must act if this process dies, or a worker.
 */
export function suspendStarted(entry: string): void {
  const stopped = new Set<number>()
  for (let look = 0; look < maxLooks; look++) {
    for (const group of livingGroups()) signalGroup(group, 'SIGSTOP')
    const seen = startedBy(entry).filter((pid) => !stopped.has(pid))
    if (seen.length === 0) return
    for (const pid of seen) {
      stopped.add(pid)
      signal(pid, 'SIGSTOP')
    }
  }
}

/** SIGCONT to the same. What was not stopped takes no harm. */
export function continueStarted(entry: string): void {
  // Those that a worker has started before the worker itself: it must not find them stopped.
  for (const pid of [...startedBy(entry)].reverse()) signal(pid, 'SIGCONT')
  for (const group of livingGroups()) signalGroup(group, 'SIGCONT')
}

function startedBy(entry: string): readonly number[] {
  const table = processTable().filter((one) => !isOver(one))
  const groups = new Set(livingGroups())
  const members = table.filter(({ group }) => groups.has(group)).map(({ pid }) => pid)
  const below = descendantsOf(members, table).filter((one) => argumentsOf(one)?.includes(watchdogName) !== true)
  const pids = new Set([...members, ...below.map(({ pid }) => pid), ...processesWith(entry).pids])
  pids.delete(process.pid)
  return [...pids]
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone already.
  }
}
