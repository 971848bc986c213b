import { killLivingGroups } from '../platform/process-group.js'

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface StopSignals {
  readonly signal: AbortSignal
  dispose(): void
}

/**
 * The first signal cancels: nothing new starts, agents get TERM and after their grace KILL. The second sends KILL at
 * once. The third ends autopilot itself.
 */
export function listenForStop(onStop: (signal: StopSignal) => void): StopSignals {
  const controller = new AbortController()
  let count = 0
  const listener = (name: StopSignal) => {
    count++
    if (count === 1) {
      onStop(name)
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
    dispose() {
      for (const [name, listen] of bound) process.off(name, listen)
    },
  }
}

function exitCodeOf(name: StopSignal): number {
  return name === 'SIGINT' ? 130 : 143
}
