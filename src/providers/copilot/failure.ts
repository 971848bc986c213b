import { failure, type Failure, type FailureKind } from '../../domain/agent/failure.js'
import {
  cliFailure,
  explainStderr,
  kindOfServerError,
  matchSignature,
  type Login,
  type Signature,
} from '../adapter/failure-text.js'
import type { RpcError } from '../acp/rpc-error.js'
import { asObject, numberAt, stringAt, type JsonObject } from '../adapter/json.js'
import { clipText } from '../adapter/line.js'

export const copilotLogin: Login = {
  command: 'copilot login',
  lasting: 'COPILOT_GITHUB_TOKEN, or a model provider of your own (COPILOT_PROVIDER_BASE_URL)',
}

/** Source: recorded streams of 1.0.102. */
export const messageTexts: readonly Signature[] = [
  [/usage limit|exceeded your current quota|quota exceeded|premium request/i, 'usage_limit'],
  [/rejected the prompt as too long|context limit/i, 'context'],
  [/no authentication information|authentication failed|bad credentials/i, 'auth'],
  [/could not connect|unexpected eof|without sending any chunks|error reading a body/i, 'network'],
]

/** What stderr says if no final event came. */
export const stderrTexts: readonly Signature[] = [
  [/no session, task, or name matched/i, 'session_lost'],
  [/invalid command format|try 'copilot --help'|no prompt provided/i, 'usage'],
  [/cannot execute binary file/i, 'spawn'],
  ...messageTexts,
]

/** A `session.error` event. */
export function sessionFailure(data: JsonObject | undefined): Failure {
  const said = clipText(stringAt(data, 'message') ?? '')
  const kind = kindOfServerError({
    status: numberAt(data, 'statusCode'),
    byName: kindsOfType.get(stringAt(data, 'errorType') ?? ''),
    byText: matchSignature(said, messageTexts),
  })
  return cliFailure(kind ?? 'crash', 'copilot', said, copilotLogin)
}

/** An error of the agent server. */
export function serverFailure({ code, message, data }: RpcError): Failure {
  const details = stringAt(asObject(data), 'details')
  return textFailure(details ?? message, code)
}

/** It calls a turn that failed a success whose last words are the error. Source: recorded with 1.0.102. */
export function errorInWords(lastWords: string): Failure | undefined {
  const said = /^Error: (.+)/s.exec(lastWords)?.[1]
  return said === undefined ? undefined : textFailure(said, Number(/^\d{3}\b/.exec(said)?.[0] ?? NaN))
}

function textFailure(said: string, code: number): Failure {
  const clipped = clipText(said)
  const status = code >= 400 && code <= 599 ? code : undefined
  const kind = kindOfServerError({ status, byText: matchSignature(clipped, messageTexts) })
  return cliFailure(kind ?? 'crash', 'copilot', clipped, copilotLogin)
}

/** What its own types of errors mean. */
export const kindsOfType: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['authentication', 'auth'],
  ['rate_limit', 'rate_limit'],
])

/** The reasons of its retries. */
export const kindsOfRetry: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['rate_limit', 'rate_limit'],
  ['transient_auth_error', 'auth'],
  ['api_error', 'overloaded'],
  ['streaming_error', 'network'],
])

/** The final event has an exit code only; why it failed came before. */
export function exitFailure(exitCode: number | undefined): Failure {
  return failure('crash', `copilot: it failed${exitCode === undefined ? '' : ` with exit code ${exitCode}`}`)
}

export function explainCopilotCrash(stderrTail: string): Failure | undefined {
  return explainStderr(stderrTail, 'copilot', stderrTexts, copilotLogin)
}
