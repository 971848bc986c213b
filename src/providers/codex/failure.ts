import type { Failure, FailureKind } from '../../domain/agent/failure.js'
import {
  cliFailure,
  explainStderr,
  kindOfHttpStatus,
  matchSignature,
  type Login,
  type Signature,
} from '../adapter/failure-text.js'

export const codexLogin: Login = { command: 'codex login', lasting: 'CODEX_API_KEY' }

/**
 * Codex has no structured field: the message of `turn.failed` is all there is. It writes a typographic apostrophe in
 * some texts, so none is matched. Source: recorded streams of 0.169.0.
 */
export const messageTexts: readonly Signature[] = [
  [/hit your usage limit|quota exceeded/i, 'usage_limit'],
  [/ran out of room in the model['’]s context window/i, 'context'],
  [
    /missing environment variable|not logged in|please log ?(out and sign )?in again|token could not be refreshed|failed to refresh token|token refresh failed/i,
    'auth',
  ],
  [/does not exist or you do not have access|model is not supported when using codex with/i, 'model'],
  [/selected model is at capacity|experiencing high demand/i, 'overloaded'],
  [/idle timeout waiting for sse/i, 'timeout'],
  [/stream disconnected before completion|waiting for network|error sending request/i, 'network'],
]

/** What stderr says when no final event came. */
export const stderrTexts: readonly Signature[] = [
  [
    /unexpected argument|invalid value|required arguments were not provided|error loading config|config.{0,60} no longer supported/i,
    'usage',
  ],
  [/no rollout found for thread id/i, 'session_lost'],
  [/missing optional dependency|cannot execute binary file/i, 'spawn'],
  ...messageTexts,
]

export function turnFailure(message: string): Failure {
  return cliFailure(kindOfMessage(message) ?? 'crash', 'codex', message, codexLogin)
}

/** What a message of codex's means, where it is known. */
export function kindOfMessage(message: string): FailureKind | undefined {
  const status = /(?:unexpected|last) status:? (\d{3})\b/.exec(message)?.[1]
  return (status === undefined ? undefined : kindOfHttpStatus(Number(status))) ?? matchSignature(message, messageTexts)
}

export function explainCodexCrash(stderrTail: string): Failure | undefined {
  return explainStderr(stderrTail, 'codex', stderrTexts, codexLogin)
}
