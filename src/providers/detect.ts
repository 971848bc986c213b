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
  if (captured.exit.type === 'not_started') return missing(file, captured.exit.message, program)
  if (captured.exit.type !== 'code' || captured.exit.code !== 0) return broken(file, captured, program)
  const version = program.parseVersion(captured.stdout)
  if (version === undefined) return broken(file, captured, program)
  return { usable: true, version, tested: version === program.testedVersion }
}

function missing(file: string, message: string, { installCommand, loginCommand }: Program): Detection {
  return {
    usable: false,
    reason: shortLine(`${file} could not be started: ${message}`),
    help: `Install it with \`${installCommand}\`, then log in with \`${loginCommand}\`.`,
  }
}

function broken(file: string, { exit, stdout, stderr }: Captured, { versionArgs, installCommand }: Program): Detection {
  const line = [file, ...versionArgs].join(' ')
  const said = shortLine(stderr.trim() === '' ? stdout : stderr, 120)
  return {
    usable: false,
    reason: `\`${line}\` told no version within ${versionTimeoutMs / 1000} s (${formatExitStatus(exit)})${said === '' ? '' : `: ${said}`}`,
    help: `Run \`${line}\` by hand; if it fails there too, install it again with \`${installCommand}\`.`,
  }
}
