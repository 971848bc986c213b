import { formatExitStatus, type ExitStatus } from '../domain/attempt.js'
import type { Program, Provider } from './contract.js'
import { shortLine } from './line.js'

/** Whether a provider's CLI is there. Whether it is logged in shows only in an attempt. */
export type Detection =
  /** `version` is absent where there is no program; `tested`: it is the version that the tests know. */
  | { readonly usable: true; readonly version?: string; readonly tested: boolean }
  /** `help` is what to do next. */
  | { readonly usable: false; readonly reason: string; readonly help: string }

/** Runs a program to its end and gives what it printed; ends it after `timeoutMs`. */
export type Capture = (
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly env: Readonly<Record<string, string>> },
) => Promise<Captured>

export interface Captured {
  readonly exit: ExitStatus
  readonly stdout: string
  readonly stderr: string
}

/** The slowest CLI took 2.8 s on a busy machine of two cores, claude and codex less than 0.1 s. */
const versionTimeoutMs = 5000

/** Asks the CLI for its version. `env` is the one that the agent will see; `executable` as in `AgentRequest`. */
export async function detectProvider(
  provider: Provider,
  capture: Capture,
  options: { readonly env: Readonly<Record<string, string>>; readonly executable?: string },
): Promise<Detection> {
  const { program } = provider
  if (!program) return { usable: true, tested: true }
  const file = options.executable ?? program.file
  const captured = await capture(file, program.versionArgs, { timeoutMs: versionTimeoutMs, env: options.env })
  const version = succeeded(captured.exit) ? program.parseVersion(captured.stdout) : undefined
  if (version === undefined) return unusable(file, captured, program)
  return { usable: true, version, tested: version === program.testedVersion }
}

function succeeded(exit: ExitStatus): boolean {
  return exit.type === 'code' && exit.code === 0
}

function unusable(file: string, { exit, stdout, stderr }: Captured, program: Program): Detection {
  const call = [file, ...program.versionArgs].join(' ')
  const said = shortLine(stderr.trim() === '' ? stdout : stderr, 120)
  return {
    usable: false,
    reason: shortLine(`\`${call}\` told no version: ${formatExitStatus(exit)}${said === '' ? '' : `: ${said}`}`, 300),
    help: `Install it with \`${program.installCommand}\` and log in with \`${program.loginCommand}\`; \`${call}\` must answer.`,
  }
}
