import { nearest } from '../nearest.js'

/** What other tools call the command of a step. */
const elsewhere: ReadonlySet<string> = new Set(['cmd', 'command', 'commands', 'exec', 'script', 'shell', 'sh'])

/** Whether a key was meant to be `run`. */
export function meansRun(key: string): boolean {
  return elsewhere.has(key.toLowerCase()) || nearest(key, ['run']) !== undefined
}
