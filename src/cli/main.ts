import { fileURLToPath } from 'node:url'
import { loadCached } from '../platform/code-cache.js'
import type { runCommandLine } from './command-line.js'

interface CommandLine {
  readonly runCommandLine: typeof runCommandLine
}

/** The program: what needs nothing of it is answered before any of it is loaded. */
export async function main(args: readonly string[]): Promise<void> {
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.on('error', () => (process.exitCode = 1)).write(`${AUTOPILOT_VERSION}\n`)
    return
  }
  const file = fileURLToPath(new URL('./command-line.cjs', import.meta.url))
  const leaves = args[0] === 'run' || args[0] === 'resume'
  const loaded = loadCached(file, { id: COMMAND_LINE_ID, leaves }) as CommandLine
  await loaded.runCommandLine(args)
}
