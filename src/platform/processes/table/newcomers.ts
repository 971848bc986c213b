import { readlinkSync } from 'node:fs'
import { isOver, type SeenProcess } from '../../../domain/process/stray.js'
import { orNothing } from '../../files/at-once.js'
import { endSeen, type Sighting } from '../end-group.js'
import { commandLine, environmentOf, everyProcess, processTable } from './process-table.js'

/** What tells the processes that a turn has left running from all others of the machine. */
export interface Newcomers {
  /** They were not there yet. */
  readonly before: ReadonlySet<string>
  /** They were started with one of these entries (`NAME=value`) in their environment, … */
  readonly entries: readonly string[]
  /** … or they work in this directory or below it, and have no terminal: a person who looks around there has one. */
  readonly place?: string
}

/** How long they may take to end after TERM, ms. */
const graceMs = 500

/** All processes that are there now, for {@link Newcomers.before}; empty on systems without /proc. */
export function processesBefore(): ReadonlySet<string> {
  return new Set(processTable().map(nameOf))
}

/**
 * Ends what has come since, in whatever group or session, also if its parent is gone: TERM, a short grace, KILL. Gives
 * the command lines. Finds nothing where there is no /proc.
 */
export async function endNewcomers(newcomers: Newcomers): Promise<readonly string[]> {
  const lines = new Map<string, string>()
  const look = (): Sighting => {
    let isWhole = true
    const pids = everyProcess((process) => {
      if (isOver(process) || newcomers.before.has(nameOf(process))) return undefined
      const environment = environmentOf(process)
      isWhole &&= environment !== undefined
      if (!belongs(process, environment ?? [], newcomers)) return undefined
      lines.set(nameOf(process), lines.get(nameOf(process)) ?? commandLine(process.pid) ?? '')
      return process.pid
    })
    return { pids, isWhole }
  }
  await endSeen(look, graceMs)
  return [...lines.values()].filter((line) => line !== '')
}

function belongs(
  { pid, hasTerminal }: SeenProcess,
  environment: readonly string[],
  { entries, place }: Newcomers,
): boolean {
  if (environment.some((entry) => entries.includes(entry))) return true
  if (place === undefined || hasTerminal) return false
  const cwd = orNothing(() => readlinkSync(`/proc/${pid}/cwd`)) ?? ''
  return `${cwd}/`.startsWith(`${place}/`)
}

/** Its pid alone may be another's soon. */
function nameOf({ pid, start }: Pick<SeenProcess, 'pid' | 'start'>): string {
  return `${pid} ${start}`
}
