import {
  formatExitStatus,
  judgeProcess,
  type EndReason,
  type Evidence,
  type ExitStatus,
} from '../domain/agent/attempt.js'
import { failure, type Failure } from '../domain/agent/failure.js'
import { endOf, lastLine } from '../domain/text.js'
import type { Provider } from './adapter/contract.js'
import { lastWords } from './adapter/failure-text.js'
import { shortLine } from './adapter/line.js'

/** All that is known about an agent's process once it has ended. */
export interface AgentProcessEnd {
  readonly exit: ExitStatus
  readonly evidence: Evidence
  /** Why autopilot ended it, if it did. */
  readonly ended?: EndReason
  /** The last few KiB of stderr. */
  readonly stderrTail: string
  /** It has printed something on stdout. */
  readonly hasPrinted?: boolean
}

/**
 * Did the agent end well? As `judgeProcess`, with what the provider knows besides: whether the exit status is the final
 * word, and what stderr means when no final event came.
 */
export function judgeAgent(provider: Provider, end: AgentProcessEnd): Failure | undefined {
  const { exit, evidence, ended, stderrTail } = end
  if (provider.finalEvent === 'exit') return judgeProcess(exit, { ...evidence, result: exitResult(end) }, ended)
  const judged = judgeProcess(exit, evidence, ended)
  if (judged?.kind !== 'crash' || evidence.result) return judged
  const said = lastWords(stderrTail)
  const itSaid = said === '' ? '' : ` It said: ${said}`
  if (isMissing(exit) && end.hasPrinted !== true) {
    return failure('spawn', `${provider.name} could not be started (${formatExitStatus(exit)}).${itSaid}`)
  }
  return (
    provider.explainCrash?.(stderrTail) ?? { ...judged, ...printed(stderrTail), message: `${judged.message}${itSaid}` }
  )
}

/** What shells, env(1) and the shims of version managers end with: found but not to be executed, or not found. */
function isMissing(exit: ExitStatus): boolean {
  return exit.type === 'code' && (exit.code === 126 || exit.code === 127)
}

function exitResult({ exit, evidence, stderrTail }: AgentProcessEnd): NonNullable<Evidence['result']> {
  if (exit.type === 'code' && exit.code === 0) return {}
  const said = shortLine(lastLine(stderrTail)) || shortLine(evidence.finalText)
  const message = `The command failed (${formatExitStatus(exit)})${said === '' ? '.' : `: ${said}`}`
  return { failure: failure('crash', message, printed(stderrTail)) }
}

function printed(stderrTail: string): Pick<Failure, 'detail'> {
  const detail = endOf(stderrTail)
  return detail === '' ? {} : { detail }
}
