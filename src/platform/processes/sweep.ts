import { findStrays, type Claim, type SeenProcess } from '../../domain/process/stray.js'
import { endSeen } from './end-group.js'
import { readMachine } from './table/process-table.js'

/**
 * Ends what these runs, which are over, have left running: TERM, at most `graceMs`, KILL. Gives what it ended. Where there is no
 * /proc it finds nothing.
 */
export async function sweep(claims: readonly Claim[], graceMs: number): Promise<readonly SeenProcess[]> {
  const ended = new Map<number, SeenProcess>()
  const look = async () => {
    const strays = findStrays(await readMachine(), claims)
    for (const stray of strays) ended.set(stray.pid, stray)
    return { pids: strays.map(({ pid }) => pid), isWhole: true }
  }
  await endSeen(look, graceMs)
  return [...ended.values()]
}
