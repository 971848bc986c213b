import { writeFileSync } from 'node:fs'
import type { Scene } from './scene.js'

/** What waits for the end of a cool-down. Anything else, such as a limit on a git, takes its own time. */
const coolsDown = 'ProviderStanding.coolDown'

/**
 * The environment in which autopilot's own clock jumps to the end of each cool-down instead of waiting for it. Nothing else
 * changes: by that clock cool-downs have their usual length, and agents have no such clock.
 */
export function hurried({ repo }: Scene): Readonly<Record<string, string>> {
  const file = repo.beside('hurried.mjs')
  writeFileSync(
    file,
    `const { setTimeout: wait, Date: { now } } = globalThis
const monotonic = performance.now.bind(performance)
let ahead = 0
Date.now = () => now() + ahead
performance.now = () => monotonic() + ahead
globalThis.setTimeout = Object.assign((callback, ms, ...more) => {
  if (!new Error().stack.includes('${coolsDown}')) return wait(callback, ms, ...more)
  const due = performance.now() + ms
  return wait(() => {
    ahead += Math.max(0, due - performance.now())
    callback(...more)
  }, ms / 100)
}, wait)
`,
  )
  return { NODE_OPTIONS: `--import=${file}` }
}
