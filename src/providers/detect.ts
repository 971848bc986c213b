import { formatExitStatus, type ExitStatus } from '../domain/agent/attempt.js'
import type { Permissions } from '../domain/agent/permissions.js'
import type { Captured } from '../platform/processes/capture.js'
import type { Program, Provider } from './adapter/contract.js'
import { lastWords } from './adapter/failure-text.js'
import { shortLine } from './adapter/line.js'

/** Whether a provider's CLI is there. Whether it is logged in shows only in an attempt. */
export type Detection =
  /** `version` is absent if there is no program; `tested`: it is the version that the tests use. */
  | { readonly usable: true; readonly version?: string; readonly tested: boolean }
  /** `help` is what to do next. */
  | { readonly usable: false; readonly reason: string; readonly help: string }

/** Runs a program to its end and gives what it printed; ends it after `timeoutMs`. */
export type Capture = (
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly env: Readonly<Record<string, string>>; readonly cwd?: string },
) => Promise<Captured>

/** First starts after an installation take up to 6 s, claude and codex mostly less than 0.1 s. */
const versionTimeoutMs = 15_000

/**
 * Asks the CLI for its version. `env` is the one that the agent will see; `cwd`, because version managers (asdf, mise)
 * choose by files in the directory and above it.
 */
export async function detectProvider(
  provider: Provider,
  capture: Capture,
  options: { readonly env: Readonly<Record<string, string>>; readonly cwd?: string },
): Promise<Detection> {
  const { program } = provider
  if (!program) return { usable: true, tested: true }
  const { file } = program
  const { env, cwd } = options
  const where = cwd === undefined ? {} : { cwd }
  const captured = await capture(file, program.versionArgs, { timeoutMs: versionTimeoutMs, env, ...where })
  const printed = captured[program.versionStream ?? 'stdout']
  const version = succeeded(captured.exit) ? program.parseVersion(printed) : undefined
  if (version === undefined) return unusable(file, captured, program)
  return { usable: true, version, tested: version === program.testedVersion }
}

/** Why these permissions can't be enforced here; undefined if they can. */
export async function tryEnforcer(
  provider: Pick<Provider, 'name' | 'enforcer'>,
  permissions: Permissions,
  capture: Capture,
  env: Readonly<Record<string, string>>,
): Promise<Extract<Detection, { usable: false }> | undefined> {
  const enforcer = provider.enforcer?.(permissions)
  if (!enforcer) return undefined
  const { file, args, help } = enforcer
  const { exit, stderr } = await capture(file, args, { timeoutMs: versionTimeoutMs, env })
  if (succeeded(exit)) return undefined
  const said = lastWords(stderr)
  const what = `${provider.name} cannot be limited to ${permissions} here: \`${file}\` does not work`
  return { usable: false, reason: `${what} (${formatExitStatus(exit)})${said === '' ? '' : `: ${said}`}`, help }
}

function succeeded(exit: ExitStatus): boolean {
  return exit.type === 'code' && exit.code === 0
}

function unusable(file: string, { exit, stdout, stderr }: Captured, program: Program): Detection {
  const call = [file, ...program.versionArgs].join(' ')
  const said = lastWords(stderr.trim() === '' ? stdout : stderr)
  return {
    usable: false,
    reason: shortLine(
      `\`${call}\` printed no version: ${formatExitStatus(exit)}${said === '' ? '' : `: ${said}`}`,
      700,
    ),
    help: `Install it with \`${program.installCommand}\` and log in with \`${program.loginCommand}\`; \`${call}\` must work.`,
  }
}
