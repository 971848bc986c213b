import { constants } from 'node:os'
import type { ExitStatus } from '../../../domain/agent/attempt.js'

/** How a child of this process ended, as Node tells it. */
export function exitStatus(code: number | null, signal: string | null): ExitStatus {
  return code === null ? { type: 'signal', signal: signal ?? 'SIGKILL' } : { type: 'code', code }
}

/** Signals by what shells add 128 to. git ends with 129 by itself after a wrong use, which HUP would be. */
const signals = new Map(
  (['INT', 'QUIT', 'ABRT', 'BUS', 'FPE', 'KILL', 'SEGV', 'PIPE', 'TERM', 'XCPU', 'XFSZ'] as const)
    .map((name) => `SIG${name}` as const)
    .map((name) => [128 + constants.signals[name], name]),
)

/** How a shell's child ended, by what the shell calls `$?`: an exit code above 128 may be a signal, which counts as one. */
export function exitStatusInShell(status: number): ExitStatus {
  const signal = signals.get(status)
  return signal === undefined ? { type: 'code', code: status } : { type: 'signal', signal }
}
