import { setTimeout as delay } from 'node:timers/promises'
import type { RunTraces, SeenProcess } from '../../domain/process/stray.js'
import { signalGroup } from './process-group.js'
import { argumentsOf, everyProcess, processTable } from './table/process-table.js'
import { watchdogName } from './watchdog.js'

/** A watchdog is through so long after autopilot's death, ms. */
const watchdogMs = 2_000

/**
 * Ends the watchdogs of a run that is over, which may still be looking for what the run had started: they would end what
 * the run starts when it is resumed. What they had not come to is the sweep's. Where there is no /proc they are waited for.
 */
export async function awaitWatchdogsOf({ entry }: RunTraces): Promise<void> {
  if (!endWatchdogsOf((other) => other === entry)) await delay(watchdogMs)
}

/**
 * The same of several runs, known by their entries, before directories in which they look are another's. False where there is no
 * /proc: there they look for groups only.
 */
export function endWatchdogsOf(isTheirs: (entry: string) => boolean): boolean {
  const processes = processTable()
  if (processes.length === 0) return false
  // The watchdog that this process has started is this life's.
  const others = processes.filter(({ parent }) => parent !== process.pid).map(({ pid }) => pid)
  const theirs = new Set(everyProcess((process) => watchdogPid(process, isTheirs)))
  for (const pid of others) if (theirs.has(pid)) signalGroup(pid, 'SIGKILL')
  return true
}

function watchdogPid(process: SeenProcess, isTheirs: (entry: string) => boolean): number | undefined {
  const words = argumentsOf(process) ?? []
  const at = words.indexOf(watchdogName)
  return at > 0 && isTheirs(words[at + 1] ?? '') ? process.pid : undefined
}
