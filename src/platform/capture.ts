import { execa } from 'execa'
import type { ExitStatus } from '../domain/attempt.js'

export interface Captured {
  readonly exit: ExitStatus
  readonly stdout: string
  readonly stderr: string
}

export interface CaptureOptions {
  readonly timeoutMs?: number
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly signal?: AbortSignal
}

const maxBytes = 256 * 1024

/**
 * Runs a short program to its end and gives what it printed, at most 256 KiB of each stream. Past `timeoutMs` it is
 * killed and counts as not started. Never throws.
 */
export async function capture(file: string, args: readonly string[], options: CaptureOptions): Promise<Captured> {
  const { timeoutMs, env, cwd, signal } = options
  const result = await execa(file, args, {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    maxBuffer: maxBytes,
    forceKillAfterDelay: 1000,
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  })
  return { exit: exitOf(result, timeoutMs), stdout: result.stdout, stderr: result.stderr }
}

interface Ended {
  readonly timedOut: boolean
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly code?: string | undefined
  readonly shortMessage?: string | undefined
}

function exitOf(result: Ended, timeoutMs: number | undefined): ExitStatus {
  if (result.timedOut) return { type: 'not_started', message: `no answer within ${timeoutMs ?? 0} ms` }
  if (result.exitCode !== undefined) return { type: 'code', code: result.exitCode }
  if (result.signal !== undefined) return { type: 'signal', signal: result.signal }
  return { type: 'not_started', message: result.code === 'ENOENT' ? 'not found' : (result.shortMessage ?? 'failed') }
}
