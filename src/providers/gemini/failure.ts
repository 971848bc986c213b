import type { Failure, FailureKind } from '../../domain/agent/failure.js'
import {
  cliFailure,
  explainStderr,
  kindOfHttpStatus,
  kindOfServerError,
  matchSignature,
  type Login,
  type Signature,
} from '../adapter/failure-text.js'
import { asObject, objectAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'
import { clipText } from '../adapter/line.js'
import type { RpcError } from '../acp/rpc-error.js'

export const geminiLogin: Login = { command: 'gemini', lasting: 'GEMINI_API_KEY' }

/**
 * Texts of the final event; a status is in some of them, as JSON. Google calls both a minute's and a day's allowance a
 * quota: the time tells them apart. Source: recorded streams of 0.61.0.
 */
export const messageTexts: readonly Signature[] = [
  [/exhausted your daily quota|suggested retry after \d{3,}/i, 'usage_limit'],
  [/resource has been exhausted|exhausted your|exceeded your current quota|capacity exceeded/i, 'rate_limit'],
  [/api key not valid|API_KEY_INVALID|api key expired/i, 'auth'],
  [/exceeds the maximum number of tokens/i, 'context'],
  [/is not found for api version/i, 'model'],
  [/model is overloaded|internal error encountered/i, 'overloaded'],
  [/fetch failed|\bterminated\b|incomplete json segment|\bE(CONN\w+|PIPE|AI_AGAIN|NOTFOUND|TIMEDOUT)\b/i, 'network'],
]

/** What stderr says if no final event came: exit codes 41, 42, 52 and 55, and refused arguments. */
export const stderrTexts: readonly Signature[] = [
  [/must specify the GEMINI_API_KEY|auth method|failed to (login|authenticate)/i, 'auth'],
  [/invalid session identifier|error resuming session/i, 'session_lost'],
  [/not running in a trusted directory|unknown argument|not enough arguments|invalid values|^\s*choices:/i, 'usage'],
  [/please fix the configuration file|error in \S+settings\.json/i, 'usage'],
  ...messageTexts,
]

/** Types of the error in a final event; most say less than their texts. */
export const errorTypes: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['FatalTurnLimitedError', 'turn_limit'],
])

/** The failure in a final event; undefined for success. Anything but the word itself isn't one. */
export function resultFailure(result: JsonObject): Failure | undefined {
  if (stringAt(result, 'status') === 'success') return undefined
  const error = objectAt(result, 'error')
  // Its reason was in an `error` line before: an answer that was empty or not to be read.
  const said = clipText(stringAt(error, 'message') ?? "the model's answer was empty or malformed")
  const kind = errorTypes.get(stringAt(error, 'type') ?? '') ?? kindOfMessage(said)
  return cliFailure(kind ?? 'crash', 'gemini', said, geminiLogin)
}

/** An error of the agent server: its code is the model server's status, and its text may be what that sent. */
export function serverFailure({ code, message, data }: RpcError): Failure {
  const sent = objectAt(parseObject(message), 'error')
  const details = stringAt(asObject(data), 'details')
  const said = clipText(stringAt(sent, 'message') ?? details ?? message)
  const kind = kindOfServerError({ status: code, byText: kindOfMessage(`${message} ${details ?? ''}`) })
  return cliFailure(kind ?? 'crash', 'gemini', said, geminiLogin)
}

function kindOfMessage(message: string): FailureKind | undefined {
  const status = /"code":\s*(\d{3})\b/.exec(message)?.[1]
  return matchSignature(message, messageTexts) ?? (status === undefined ? undefined : kindOfHttpStatus(Number(status)))
}

export function explainGeminiCrash(stderrTail: string): Failure | undefined {
  return explainStderr(stderrTail, 'gemini', stderrTexts, geminiLogin)
}
