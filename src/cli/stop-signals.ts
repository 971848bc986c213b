import { killLivingGroups } from '../platform/process-group.js'

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface StopSignals {
  readonly signal: AbortSignal
  /** The first signal that came, if any has. */
  caught(): StopSignal | undefined
  dispose(): void
}

/**
 * The first signal cancels: nothing new starts, agents get TERM and after their grace KILL. The second sends KILL at
 * once. The third ends autopilot itself.
 */
export function listenForStop(): StopSignals {
  const controller = new AbortController()
  let count = 0
  let first: StopSignal | undefined
  const listener = (name: StopSignal) => {
    count++
    if (count === 1) {
      first = name
      controller.abort()
      return
    }
    killLivingGroups()
    if (count > 2) process.exit(exitCodeOf(name))
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const bound = names.map((name) => [name, () => listener(name)] as const)
  for (const [name, listen] of bound) process.on(name, listen)
  process.on('exit', killLivingGroups)
  return {
    signal: controller.signal,
    caught: () => first,
    dispose() {
      for (const [name, listen] of bound) process.off(name, listen)
    },
  }
}

function exitCodeOf(name: StopSignal): number {
  return name === 'SIGINT' ? 130 : 143
}
