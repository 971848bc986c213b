import { setTimeout as delay } from 'node:timers/promises'
import {
  descendants,
  groupMembers,
  isGroupAlive,
  killAll,
  processesWith,
  signalAll,
  signalGroup,
} from './process-group.js'
import { commandLine } from './table/process-table.js'

/** How long what an agent left behind may take to end after TERM, ms. */
const leftoverGraceMs = 500
const pollMs = 20
/** A process that was killed is seen until it is gone. */
const maxLooks = 5

/**
 * Ends a process group whose leader lives: TERM, at most `graceMs`, then KILL, also to descendants that left the
 * group. `leaderEnd` settles when the leader has ended.
 */
export async function endGroup(pgid: number, leaderEnd: Promise<unknown>, graceMs: number): Promise<void> {
  // Taken before anything ends: afterwards, those that left the group have another parent and cannot be found.
  const strays = new Set(descendants(pgid))
  signalGroup(pgid, 'SIGTERM')
  // A timer that nobody waits for must not keep autopilot alive for the rest of the grace.
  await Promise.race([groupEnd(pgid, leaderEnd, graceMs), delay(graceMs, undefined, { ref: false })])
  // A leader that did not go may have started more since.
  for (const pid of descendants(pgid)) strays.add(pid)
  signalGroup(pgid, 'SIGKILL')
  killAll(strays)
}

async function groupEnd(pgid: number, leaderEnd: Promise<unknown>, graceMs: number): Promise<void> {
  await leaderEnd
  await untilGroupGone(pgid, graceMs)
}

/**
 * What an agent that ended by itself left behind in its group is ended, too: its workspace is about to be read. Gives
 * the command lines, as far as they can be seen.
 */
export async function endLeftovers(pgid: number): Promise<readonly string[]> {
  if (!isGroupAlive(pgid)) return []
  const ended = groupMembers(pgid)
    .map(commandLine)
    .filter((line) => line !== undefined)
  signalGroup(pgid, 'SIGTERM')
  await untilGroupGone(pgid, leftoverGraceMs)
  signalGroup(pgid, 'SIGKILL')
  await untilGroupGone(pgid, leftoverGraceMs)
  return ended
}

/**
 * KILL to all that bear this entry in their environment. CLIs run their shell tools in groups of their own, so a server
 * that a tool left in the background, or a tool whose CLI was killed, is found by nothing else. Gives the command lines.
 */
export async function endStrays(entry: string): Promise<readonly string[]> {
  const ended = new Map<number, string>()
  // Whatever was being started during one look is seen by the next.
  for (let look = 0; look < maxLooks; look++) {
    const { pids, isWhole } = processesWith(entry)
    if (pids.length === 0 && isWhole) break
    for (const pid of pids) ended.set(pid, ended.get(pid) ?? commandLine(pid) ?? '')
    killAll(pids)
    await delay(pollMs)
  }
  return [...ended.values()].filter((line) => line !== '')
}

/** What one look at the machine has found. */
export interface Sighting {
  readonly pids: readonly number[]
  /** Some process could not be looked at: what it is, the next look tells. */
  readonly isWhole: boolean
}

/** Ends whatever `look` finds, look by look: TERM to what is there, at most `graceMs`, then KILL until nothing is left. */
export async function endSeen(look: () => Sighting | Promise<Sighting>, graceMs: number): Promise<void> {
  let seen = await look()
  signalAll(seen.pids, 'SIGTERM')
  const again = async () => {
    await delay(pollMs)
    seen = await look()
  }
  const deadline = performance.now() + graceMs
  while (seen.pids.length > 0 && performance.now() < deadline) await again()
  for (let looks = 0; (seen.pids.length > 0 || !seen.isWhole) && looks < maxLooks; looks++) {
    killAll(seen.pids)
    await again()
  }
}

async function untilGroupGone(pgid: number, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (performance.now() < deadline && isGroupAlive(pgid)) await delay(pollMs)
}
