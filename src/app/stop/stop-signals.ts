import { isatty } from 'node:tty'
import { realClock } from '../../platform/clock.js'
import { endGits, gitSteps } from '../../platform/git/living-gits.js'
import { killLivingGroups } from '../../platform/processes/process-group.js'
import { reportSteps } from '../reports/steps.js'
import { createStopping, type Stopping } from './stopping.js'

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface StopSignals extends Stopping {
  /** As if a SIGINT had come. */
  readonly interrupt: () => void
  /** The first signal that came, if any has. */
  readonly caught: () => StopSignal | undefined
  /** Called with each HUP that is ignored, also one that came before. */
  readonly onHangUp: (listen: () => void) => void
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
 * The first signal drains if a drain is configured, otherwise it cancels: agents get TERM and after their grace KILL.
 * The next one cancels a drain, the one after that sends KILL at once, and a further one ends autopilot itself, as
 * does a stop that takes too long. A HUP counts only if a terminal can close: one of the standard streams is one. A
 * run that was started with `nohup`, or by a service that sends a HUP when its session ends, continues.
 */
export function listenForStop({ drainMs, graceMs, exitCode }: StopSignalParts): StopSignals {
  let first: StopSignal | undefined
  const exit = () => {
    endGits('SIGKILL')
    process.exit(process.exitCode ?? (first === undefined ? exitCode : exitCodeOf(first)))
  }
  const stopping = createStopping({
    clock: realClock,
    drainMs,
    graceMs,
    kill: killLivingGroups,
    exit,
    progress: () => gitSteps() + reportSteps(),
  })
  const names = ['SIGINT', 'SIGTERM'] as const
  const listen = (name: StopSignal) => {
    first ??= name
    stopping.further()
  }
  const hasTerminal = [0, 1, 2].some(isatty)
  let hangUps = 0
  let tellHangUp: () => void = () => (hangUps += 1)
  const onHangUp = () => (hasTerminal ? listen('SIGHUP') : tellHangUp())
  for (const name of names) process.on(name, listen)
  process.on('SIGHUP', onHangUp)
  process.on('exit', killLivingGroups)
  return {
    ...stopping,
    interrupt: () => listen('SIGINT'),
    caught: () => first,
    onHangUp: (listenTo) => {
      tellHangUp = listenTo
      for (; hangUps > 0; hangUps--) listenTo()
    },
    dispose: () => {
      stopping.close()
      for (const name of names) process.off(name, listen)
      process.off('SIGHUP', onHangUp)
    },
  }
}

function exitCodeOf(name: StopSignal): number {
  return name === 'SIGINT' ? 130 : 143
}
