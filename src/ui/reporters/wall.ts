import { errorText } from '../../domain/text.js'
import type { Reporter } from './contract.js'

/**
 * A reporter that cannot harm the run. After its first exception it is left out, and `onFailed` is told once: what it would
 * have shown is in the journal all the same.
 */
export function behindWall(reporter: Reporter, onFailed: (why: string) => void): Reporter {
  let hasFailed = false
  const safely = (action: () => void) => {
    if (hasFailed) return
    try {
      action()
    } catch (error) {
      hasFailed = true
      try {
        reporter.close()
      } catch {
        // It has failed already, and has been told of.
      }
      onFailed(errorText(error))
    }
  }
  return {
    record: (record, state) => safely(() => reporter.record(record, state)),
    close: () => safely(() => reporter.close()),
    suspend: () => safely(() => reporter.suspend?.()),
    goOn: () => safely(() => reporter.goOn?.()),
  }
}
