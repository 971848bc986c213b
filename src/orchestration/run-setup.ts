import { failure } from '../domain/failure.js'
import { formatExitStatus } from '../domain/attempt.js'
import { err, ok } from '../domain/result.js'
import { cleanLine, lastLine } from '../domain/text.js'
import { capture } from '../platform/capture.js'
import type { EnvironmentOf } from '../providers/environment.js'
import { command } from '../providers/command.js'
import type { RunSetup } from '../workspace/prepare.js'

/** Long enough for an `npm ci`; a setup that hangs must not hang the run. */
const setupTimeoutMs = 15 * 60_000

/** Runs the user's `setup:` command through a shell, with the environment that a `run:` task gets. */
export function runSetup(environmentOf: EnvironmentOf, signal: AbortSignal): RunSetup {
  return async (line, cwd) => {
    const env = environmentOf(command)
    const { exit, stderr } = await capture('/bin/sh', ['-c', line], { cwd, env, signal, timeoutMs: setupTimeoutMs })
    if (exit.type === 'code' && exit.code === 0) return ok(undefined)
    const said = cleanLine(lastLine(stderr), 300)
    return err(failure('infrastructure', `setup failed (${formatExitStatus(exit)})${said === '' ? '' : `: ${said}`}`))
  }
}
