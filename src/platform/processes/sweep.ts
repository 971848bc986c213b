import { setTimeout as delay } from 'node:timers/promises'
import { findStrays, type Claim, type SeenProcess } from '../../domain/process/stray.js'
import { killAll, signalAll } from './process-group.js'
import { readMachine } from './process-table.js'

const pollMs = 20
/** Whatever was being started during one look is seen by the next. */
const maxLooks = 5

/**
 * Ends what these runs, which are over, have left running: TERM, at most `graceMs`, KILL. Gives what it ended. Where there is no
 * /proc it finds nothing.
 */
export async function sweep(claims: readonly Claim[], graceMs: number): Promise<readonly SeenProcess[]> {
  const ended = new Map<number, SeenProcess>()
  const look = async () => {
    const strays = findStrays(await readMachine(), claims)
    for (const stray of strays) ended.set(stray.pid, stray)
    return strays.map(({ pid }) => pid)
  }
  let strays = await look()
  signalAll(strays, 'SIGTERM')
  const deadline = performance.now() + graceMs
  while (strays.length > 0 && performance.now() < deadline) {
    await delay(pollMs)
    strays = await look()
  }
  for (let looks = 0; strays.length > 0 && looks < maxLooks; looks++) {
    killAll(strays)
    await delay(pollMs)
    strays = await look()
  }
  return [...ended.values()]
}
