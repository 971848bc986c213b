import { writeFileSync } from 'node:fs'
import type { Scene } from './scene.js'

/** Waits of these lengths pass at once, ms: those of accounts that rest. */
const [shortest, longest] = [900, 121_000] as const
/** How long a CLI may take to tell its version; that it needs, hurried or not. */
const versionTimeoutMs = 15_000

/**
 * The environment in which autopilot's own clock jumps to the end of each rest instead of waiting for it. Nothing else
 * changes: rests are as long as they are by that clock, and agents have no such clock.
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
  if (!(ms >= ${shortest} && ms <= ${longest}) || ms === ${versionTimeoutMs}) return wait(callback, ms, ...more)
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
