import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Lets through one at each turn of the event loop, the first at once and nobody for want of anything else: what each does
 * behind it may keep the loop standing for some ms, and two hundred that come together would for seconds.
 */
export function turnstile(): () => Promise<void> {
  let free = Promise.resolve()
  return () => {
    const mine = free
    free = mine.then(() => nextTurn())
    return mine
  }
}
