import type { Failure, FailureKind } from '../../domain/agent/failure.js'
import {
  cliFailure,
  explainStderr,
  kindOfServerError,
  matchSignature,
  type Login,
  type Signature,
} from '../adapter/failure-text.js'

export const piLogin: Login = {
  command: 'pi, and then /login',
  lasting: 'the key of the provider, such as ANTHROPIC_API_KEY',
}

/** The messages of model servers, which pi hands on. Source: recorded streams and texts of 0.73.1. */
export const messageTexts: readonly Signature[] = [
  [/usage limit|exceeded your current quota|insufficient.quota|credit balance/i, 'usage_limit'],
  [/no api key found|invalid.api.key|incorrect api key|not logged in/i, 'auth'],
  [/prompt is too long|context (window|length)|maximum context/i, 'context'],
  [/model.{0,100}not found|does not exist or you do not have access/i, 'model'],
  [/rate.?limit|too many requests/i, 'rate_limit'],
  [/timed? out|timeout/i, 'timeout'],
  [/overloaded|service.?unavailable|server.?error|internal.?error/i, 'overloaded'],
  [/terminated|fetch failed|connection|network|socket hang up|ended without|other side closed/i, 'network'],
]

/** What stderr says if no final event came. */
export const stderrTexts: readonly Signature[] = [
  [/no session found matching/i, 'session_lost'],
  [/unknown option/i, 'usage'],
  ...messageTexts,
]

/** What a message means, where it is known; it begins with the status, if the server gave one. */
export function kindOfMessage(message: string): FailureKind | undefined {
  const status = /^(\d{3})\b/.exec(message)?.[1]
  return kindOfServerError({
    status: status === undefined ? undefined : Number(status),
    byText: matchSignature(message, messageTexts),
  })
}

/** What pi tries again by itself. Source: `_isRetryableError` of 0.73.1. */
const retried =
  /overloaded|provider.?returned.?error|rate.?limit|too many requests|429|500|502|503|504|service.?unavailable|server.?error|internal.?error|network.?error|connection.?error|connection.?refused|connection.?lost|websocket.?closed|websocket.?error|other side closed|fetch failed|upstream.?connect|reset before headers|socket hang up|ended without|http2 request did not get a response|timed? out|timeout|terminated|retry delay/i

export function isRetried(message: string): boolean {
  return retried.test(message) && kindOfMessage(message) !== 'context'
}

export function messageFailure(message: string): Failure {
  return cliFailure(kindOfMessage(message) ?? 'crash', 'pi', message, piLogin)
}

export function explainPiCrash(stderrTail: string): Failure | undefined {
  return explainStderr(stderrTail, 'pi', stderrTexts, piLogin)
}
