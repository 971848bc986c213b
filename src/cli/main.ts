import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadCached } from '../platform/code-cache.js'
import type { runCommandLine } from './command-line.js'
import type { complete } from './complete.js'

interface CommandLine {
  readonly runCommandLine: typeof runCommandLine
}

/** The program: what needs nothing of it is answered before any of it is loaded. */
export async function main(args: readonly string[]): Promise<void> {
  const answer = answerAtOnce(args)
  if (answer !== undefined) {
    process.stdout.on('error', () => (process.exitCode = 1)).write(answer)
    return
  }
  if (args[0] === 'complete') return completed(args.slice(1))
  const file = join(import.meta.dirname, 'command-line.cjs')
  const leaves = args[0] === 'run' || args[0] === 'resume'
  const loaded = loadCached(file, { id: COMMAND_LINE_ID, leaves }) as CommandLine
  await loaded.runCommandLine(args)
}

/** A shell asks at each press of the key, so nothing but what it takes is loaded. */
function completed([, ...words]: readonly string[]): Promise<void> {
  process.stdout.on('error', () => undefined)
  const file = join(import.meta.dirname, 'complete.cjs')
  const loaded = loadCached(file, { id: COMPLETE_ID, leaves: true }) as { readonly complete: typeof complete }
  // Whatever is wrong with a file, the shell only learns that nothing is known.
  return loaded.complete(words).catch(() => undefined)
}

function answerAtOnce(args: readonly string[]): string | undefined {
  const [first = '--help', second] = args
  const [command, flag] = second === undefined ? ['', first] : [first, second]
  if (args.length > 2) return undefined
  if (command === '' && (flag === '--version' || flag === '-V')) return `${AUTOPILOT_VERSION}\n`
  return flag === '--help' || flag === '-h' ? helpOf(command) : undefined
}

/** What the build has written down of a command's help; none for a width of its own, or for what is no command. */
function helpOf(command: string): string | undefined {
  if ((process.stdout.isTTY ? process.stdout.columns : usualWidth) !== usualWidth) return undefined
  const texts = JSON.parse(readFileSync(join(import.meta.dirname, 'help.json'), 'utf8')) as Record<string, string>
  return Object.hasOwn(texts, command) ? texts[command] : undefined
}

/** Commander's where there is no terminal. */
const usualWidth = 80
