import type { Command } from 'commander'
import type { CommandLineWords } from './completion-words.js'
import { exitCodes, type ExitCode } from '../domain/run/exit-code.js'
import { createMask } from '../domain/secrets/mask.js'
import { secretsOf } from '../domain/secrets/secrets.js'
import { outliveTerminal } from '../platform/terminal/lost-terminal.js'
import { maskOutput, sinkOf } from '../ui/print/output.js'
import { lostStream } from '../ui/print/stream.js'

/** Parses the command line, runs one command, and sets the exit code: the only place that does. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  keepQuiet()
  outliveTerminal()
  // The configuration may name more.
  maskOutput(createMask(secretsOf(process.env, [])))
  const { createProgram, isUsageError } = await import('./program.js')
  let exitCode: ExitCode = exitCodes.done
  const program = createProgram(process.env, (code) => {
    exitCode = code
  })
  try {
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    exitCode = isUsageError(error) ? (error.exitCode === 0 ? exitCodes.done : exitCodes.usage) : reportBug(error)
  }
  process.exitCode = exitCode
  // What is still on its way to stdout is known then to have arrived or not.
  process.once('beforeExit', () => {
    if (tellLostResult() && exitCode === exitCodes.done && !leavesRecord(args)) process.exitCode = exitCodes.notDone
  })
}

/**
 * The help of the program (under the empty name) and of each command, in lines of 80 columns, for the build to save.
 */
export async function helpTexts(): Promise<Readonly<Record<string, string>>> {
  const { createProgram } = await import('./program.js')
  const program = createProgram({}, () => undefined)
  const textOf = (command: Command) => {
    let text = ''
    command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 }).outputHelp()
    return text
  }
  const texts = program.commands.map((command) => [command.name(), textOf(command)] as const)
  return Object.fromEntries([['', textOf(program)] as const, ...texts])
}

/** What completes the command line, for the build to save. */
export async function completions(): Promise<CommandLineWords> {
  const { createProgram } = await import('./program.js')
  const { completionTree } = await import('./completion-tree.js')
  return completionTree(createProgram({}, () => undefined))
}

/** A run has done what it did, and its journal tells so, whether or not anybody could be shown it. */
function leavesRecord([command]: readonly string[]): boolean {
  return command === 'run' || command === 'resume'
}

/** Where nobody reads any more, nobody is told. */
const nobodyReads: ReadonlySet<string | undefined> = new Set([undefined, 'EPIPE', 'EIO'])

function tellLostResult(): boolean {
  const why = lostStream(process.stdout)
  if (nobodyReads.has(why)) return false
  sinkOf(process.stderr).write(`autopilot: could not write to stdout (${why}): its output is incomplete\n`)
  return true
}

/** On SIGUSR1, Node would open its debugger to anybody on the machine, and its own warnings help nobody here. */
function keepQuiet(): void {
  process.on('SIGUSR1', () => undefined)
  if (!process.env.AUTOPILOT_DEBUG) process.removeAllListeners('warning')
}

/** An exception that reaches this place is a bug in autopilot; the trace is for the person who reports it. */
function reportBug(error: unknown): ExitCode {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const text = process.env.AUTOPILOT_DEBUG ? trace : (trace.split('\n')[0] ?? '')
  sinkOf(process.stderr).write(
    `autopilot: internal error: ${text}\n    please report this; AUTOPILOT_DEBUG=1 shows where it happened\n`,
  )
  return exitCodes.notDone
}
