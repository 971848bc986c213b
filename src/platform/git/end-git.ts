import { signalGroup } from '../processes/process-group.js'

/** Between TERM, after which git removes its lock files, and KILL; then until its pipes are not waited for, ms. */
const graceMs = 1_000

/**
 * Ends a git with all that it has started. `onOver`: it has had its time to end, and somebody else may hold its pipes. Gives
 * what is to be called once it has ended.
 */
export function endGit(pgid: number, onOver: () => void): () => void {
  signalGroup(pgid, 'SIGTERM')
  const timers = [setTimeout(() => signalGroup(pgid, 'SIGKILL'), graceMs), setTimeout(onOver, 2 * graceMs)]
  return () => timers.forEach(clearTimeout)
}
