import { formatExitStatus } from '../domain/attempt.js'
import type { Clock } from '../domain/clock.js'
import { failure } from '../domain/failure.js'
import type { Mask } from '../domain/mask.js'
import { err, ok } from '../domain/result.js'
import { cleanLine, lastLine } from '../domain/text.js'
import type { AgentExit, OnSpawned } from '../platform/agent-process.js'
import type { StartAgent } from '../platform/door.js'
import type { EnvironmentOf } from '../providers/environment.js'
import { command } from '../providers/command.js'
import type { RunSetup } from '../workspace/furniture.js'

export interface SetupParts {
  readonly mask: Mask
  readonly environmentOf: EnvironmentOf
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onSpawned: OnSpawned
  readonly start: StartAgent
}

/** Long enough for an `npm ci`; a setup that hangs must not hang the run. */
export const defaultSetupTimeoutMs = 15 * 60_000
/** It has nothing to save: what is unfinished is made anew. */
const graceMs = 500

/**
 * Runs the user's `setup:` command through a shell, with the environment that a `run:` task gets. A server that it
 * leaves in the background lives to the end of the run.
 */
export function runSetup({ mask, environmentOf, clock, signal, onSpawned, start }: SetupParts): RunSetup {
  return async ({ run, timeoutMs }, cwd) => {
    const process = start({
      file: '/bin/sh',
      args: ['-c', run],
      cwd,
      input: '',
      env: environmentOf(command),
      stdoutFile: '/dev/null',
      stderrFile: '/dev/null',
      maxFileBytes: 0,
      mask,
      graceMs,
      onStdoutLine: () => undefined,
      onSpawned,
      keepsLeftovers: true,
    })
    const onAbort = () => process.end('canceled')
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const cancelTimeout = clock.schedule(timeoutMs, () => process.end('timeout'))
    const end = await process.finished
    cancelTimeout()
    signal.removeEventListener('abort', onAbort)
    return judge(end, timeoutMs)
  }
}

function judge({ exit, ended, stderrTail }: AgentExit, timeoutMs: number): Awaited<ReturnType<RunSetup>> {
  if (ended === undefined && exit.type === 'code' && exit.code === 0) return ok(undefined)
  const said = cleanLine(lastLine(stderrTail), 300)
  const how =
    ended === undefined
      ? formatExitStatus(exit)
      : ended === 'timeout'
        ? `no end within ${timeoutMs / 1000} s`
        : 'canceled'
  return err(failure('infrastructure', `setup failed (${how})${said === '' ? '' : `: ${said}`}`))
}
