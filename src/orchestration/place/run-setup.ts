import { join } from 'node:path'
import { formatExitStatus } from '../../domain/agent/attempt.js'
import type { Clock } from '../../domain/clock.js'
import { failure } from '../../domain/agent/failure.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { err, ok } from '../../domain/result.js'
import { cleanLine, endOf, errorText, firstComplaint, lastLine } from '../../domain/text.js'
import { scheduleUsable } from '../../domain/agent/usable-time.js'
import { isStopped } from '../../platform/processes/table/process-identity.js'
import type { ProcessEnd, OnSpawned } from '../../platform/processes/running-process.js'
import type { StartProcess } from '../../platform/processes/door.js'
import { numbersFor } from '../../platform/files/file-numbers.js'
import { makePrivateDirectory } from '../../platform/files/private-file.js'
import type { EnvironmentOf } from '../../providers/environment.js'
import { command } from '../../providers/command.js'
import type { RunSetup } from '../../workspace/prepare/furniture.js'

export interface SetupParts {
  readonly mask: Mask
  /** What it prints goes there: a file for each time. */
  readonly logDir: string
  readonly environmentOf: EnvironmentOf
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onSpawned: OnSpawned
  readonly start: StartProcess
}

/** It has nothing to save: unfinished workspaces are created again. */
const graceMs = 500
const maxLogBytes = 50 * 1024 * 1024

/**
 * Runs the user's `setup:` command through a shell, with the environment that a `run:` task gets. A server that it
 * leaves in the background lives to the end of the run.
 */
export function runSetup(parts: SetupParts): RunSetup {
  const { mask, logDir, environmentOf, clock, signal, onSpawned, start } = parts
  const number = numbersFor(logDir)
  return async ({ run, timeoutMs }, cwd) => {
    const made = await makePrivateDirectory(logDir).then(() => undefined, errorText)
    if (made !== undefined) return err(failure('infrastructure', `setup has no place for its log: ${made}`))
    const log = join(logDir, `${await number()}.log`)
    const process = start({
      file: '/bin/sh',
      // One stream for both, as with gates: package managers say on stdout why they failed.
      args: ['-c', `exec >&2\n${run}`],
      cwd,
      input: '',
      env: environmentOf(command),
      stdoutFile: '/dev/null',
      stderrFile: log,
      maxFileBytes: maxLogBytes,
      mask,
      graceMs,
      onStdoutLine: () => undefined,
      onSpawned,
      keepsLeftovers: true,
    })
    const onAbort = () => process.end('canceled')
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const cancelTimeout = scheduleUsable(timeoutMs, () => process.end('timeout'), {
      clock,
      isStopped: () => isStopped(process.pid ?? 0),
    })
    const end = await process.finished
    cancelTimeout()
    signal.removeEventListener('abort', onAbort)
    return judge(end, { timeoutMs, log })
  }
}

function judge(
  { exit, ended, stderrTail }: ProcessEnd,
  { timeoutMs, log }: { readonly timeoutMs: number; readonly log: string },
): Awaited<ReturnType<RunSetup>> {
  if (ended === undefined && exit.type === 'code' && exit.code === 0) return ok(undefined)
  if (ended === 'canceled') return err(failure('infrastructure', 'setup failed (canceled)'))
  const detail = endOf(stderrTail)
  // Package managers end with where their own log is.
  const said = cleanLine(firstComplaint(detail) ?? lastLine(detail), 300)
  const how = ended === 'timeout' ? `no end within ${timeoutMs / 1000} s` : formatExitStatus(exit)
  const more =
    exit.type === 'not_started' || exit.type === 'lost'
      ? {}
      : ({ inSetup: true, log, ...(detail === '' ? {} : { detail }) } as const)
  return err(failure('infrastructure', `setup failed (${how})${said === '' ? '' : `: ${said}`}`, more))
}
