import { realClock } from '../platform/clock.js'
import { endGits } from '../platform/git.js'
import { killLivingGroups } from '../platform/process-group.js'
import { createStopping, type Stopping } from './stopping.js'

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface StopSignals extends Stopping {
  /** The first signal that came, if any has. */
  readonly caught: () => StopSignal | undefined
  readonly dispose: () => void
}

export interface StopSignalParts {
  /** How long what runs may go on after the first signal, ms. */
  readonly drainMs: number
  /** What agents have between TERM and KILL, ms. */
  readonly graceMs: number
  /** The exit code of a stop that no signal began. */
  readonly exitCode: number
}

/**
 * The first signal drains, when a drain is asked for, else it cancels: agents get TERM and after their grace KILL. The
 * next cancels a drain, the one after that sends KILL at once, and a further one ends autopilot itself, as does a stop that
 * takes too long.
 */
export function listenForStop({ drainMs, graceMs, exitCode }: StopSignalParts): StopSignals {
  let first: StopSignal | undefined
  const exit = () => {
    endGits('SIGKILL')
    process.exit(process.exitCode ?? (first === undefined ? exitCode : exitCodeOf(first)))
  }
  const stopping = createStopping({ clock: realClock, drainMs, graceMs, kill: killLivingGroups, exit })
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const listen = (name: StopSignal) => {
    first ??= name
    stopping.further()
  }
  for (const name of names) process.on(name, listen)
  process.on('exit', killLivingGroups)
  return {
    ...stopping,
    caught: () => first,
    dispose: () => {
      stopping.close()
      for (const name of names) process.off(name, listen)
    },
  }
}

function exitCodeOf(name: StopSignal): number {
  return name === 'SIGINT' ? 130 : 143
}
