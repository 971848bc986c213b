import { descendantsOf } from '../../domain/process/process-family.js'
import { isOver } from '../../domain/process/stray.js'
import { environmentOf, everyProcess, processTable } from './table/process-table.js'

const living = new Set<number>()

/** Notes a group that autopilot started; see {@link killLivingGroups}. */
export function rememberGroup(pgid: number): void {
  living.add(pgid)
}

export function forgetGroup(pgid: number): void {
  living.delete(pgid)
}

/** The groups that were started and have not been seen to end. */
export function livingGroups(): readonly number[] {
  return [...living]
}

/** The last resort, at the end of the process: KILL to every group that was started and has not been seen to end. */
export function killLivingGroups(): void {
  for (const pgid of living) signalGroup(pgid, 'SIGKILL')
}

/**
 * Whether a process group has a member that still runs. A zombie doesn't: if the first process of a container reaps
 * nothing, waiting for a killed process would never end. Without /proc, zombies count as alive.
 */
export function isGroupAlive(pgid: number): boolean {
  if (!hasMembers(pgid)) return false
  const table = processTable()
  return table.length === 0 || table.some((member) => member.group === pgid && !isOver(member))
}

/** The pids of the members of a group that still run; empty without /proc. */
export function groupMembers(pgid: number): readonly number[] {
  if (!hasMembers(pgid)) return []
  return processTable()
    .filter((member) => member.group === pgid && !isOver(member))
    .map(({ pid }) => pid)
}

function hasMembers(pgid: number): boolean {
  try {
    process.kill(-pgid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Sends a signal to every member of a group; a group that is gone is no error. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal)
  } catch {
    // Gone already, which is what was wanted.
  }
}

/**
 * The pids of all descendants of `pid`, also those in groups of their own: agents run their shell tools so. Read from
 * /proc; on systems without it the list is empty and only the group is ended.
 */
export function descendants(pid: number): readonly number[] {
  return descendantsOf([pid], processTable()).map((one) => one.pid)
}

/**
 * The pids of all processes that were started with this entry (`NAME=value`) in their environment, wherever they have
 * gone since; a child inherits it. Empty on systems without /proc, and blind for those that cleared their environment. Not
 * whole while the environment of some process cannot be seen.
 */
export function processesWith(
  entry: string,
  proc?: string,
): { readonly pids: readonly number[]; readonly isWhole: boolean } {
  let isWhole = true
  const pids = everyProcess((process) => {
    const environment = environmentOf(process, proc)
    isWhole &&= environment !== undefined
    return environment?.includes(entry) ? process.pid : undefined
  }, proc)
  return { pids, isWhole }
}

/** KILL to processes, and to the groups that any of them leads: a shell tool may have started more meanwhile. */
export function killAll(pids: Iterable<number>): void {
  signalAll(pids, 'SIGKILL')
}

/** A signal to processes, and to the groups that any of them leads. */
export function signalAll(pids: Iterable<number>, signal: NodeJS.Signals): void {
  for (const pid of pids) {
    signalGroup(pid, signal)
    try {
      process.kill(pid, signal)
    } catch {
      // Gone already.
    }
  }
}
