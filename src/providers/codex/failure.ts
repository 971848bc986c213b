import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { failure, type Failure, type FailureKind } from '../../domain/agent/failure.js'
import {
  cliFailure,
  explainStderr,
  kindOfHttpStatus,
  kindOfServerError,
  matchSignature,
  type Login,
  type Signature,
} from '../adapter/failure-text.js'
import { numberAt, objectAt, stringAt, type JsonObject } from '../adapter/json.js'
import { clipText, shortLine } from '../adapter/line.js'
import { methodNotFound, type RpcError } from './rpc.js'

/** The version whose recorded streams the tests use. */
export const testedVersion = '0.171.0'

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
    /unexpected argument|invalid value|required arguments were not provided|(?:error loading|failed to load) config|config.{0,60} no longer supported/i,
    'usage',
  ],
  [/no rollout found for thread id|invalid session id|session \S+ is archived/i, 'session_lost'],
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

/** What `error` and a turn that failed say: a message, and perhaps the details of its cause. */
export function messageOf(error: JsonObject | undefined): string {
  const [message, details] = [stringAt(error, 'message') ?? '', stringAt(error, 'additionalDetails') ?? '']
  return clipText(details === '' ? message : `${message} (${details})`)
}

/** A retry that codex does by itself. */
export function retryEvent(message: string, kind = kindOfMessage(clipText(message))): AgentEvent {
  return { type: 'retrying', message: shortLine(message), ...(kind === undefined ? {} : { kind }) }
}

/** Names for errors, only from app-server. Source: `codex app-server generate-ts` of 0.171.0. */
const errorNames: Readonly<Record<string, FailureKind>> = {
  contextWindowExceeded: 'context',
  usageLimitExceeded: 'usage_limit',
  rateLimitExceeded: 'rate_limit',
  serverOverloaded: 'overloaded',
  flexUnavailable: 'overloaded',
  policyCapacityUnavailable: 'overloaded',
  internalServerError: 'overloaded',
  modelNotFound: 'model',
  unauthorized: 'auth',
}

/** Errors of the connection to the model server; they may have the status of its answer. */
const connectionErrors = [
  'httpConnectionFailed',
  'responseStreamConnectionFailed',
  'responseStreamDisconnected',
  'responseTooManyFailedAttempts',
]

/** What app-server's `TurnError` means, where it is known. */
export function kindOfTurnError(error: JsonObject | undefined): FailureKind | undefined {
  const name = stringAt(error, 'codexErrorInfo')
  const connection = connectionErrors.find((each) => objectAt(objectAt(error, 'codexErrorInfo'), each))
  const status =
    connection === undefined
      ? undefined
      : numberAt(objectAt(objectAt(error, 'codexErrorInfo'), connection), 'httpStatusCode')
  const byName = name !== undefined && Object.hasOwn(errorNames, name) ? errorNames[name] : undefined
  const kind = kindOfServerError({ status, byName, byText: kindOfMessage(messageOf(error)) })
  return kind ?? (connection === undefined ? undefined : 'network')
}

export function turnErrorFailure(error: JsonObject | undefined): Failure {
  return cliFailure(kindOfTurnError(error) ?? 'crash', 'codex', messageOf(error), codexLogin)
}

/** The server refused a request. */
export function requestFailure({ code, message }: RpcError): Failure {
  const text = clipText(message)
  // Versions that don't know a method take it for a wrong message.
  if (code === methodNotFound || /unknown variant `\w+\/\w+`/.test(text)) return tooOld()
  return cliFailure(matchSignature(text, stderrTexts) ?? 'crash', 'codex', text, codexLogin)
}

/** The server refused the key. */
export function loginFailure({ message }: RpcError): Failure {
  return cliFailure('auth', 'codex', clipText(message), codexLogin)
}

/** The server doesn't speak its protocol. */
export function serverFailure(how: string): Failure {
  return failure('crash', `codex: the agent server ${how}`)
}

function tooOld(): Failure {
  return failure(
    'usage',
    `codex: this version has no \`codex app-server\` that autopilot knows (\`codex mcp-server\` is not used, and was ` +
      `removed in 0.154). Install ${testedVersion} or newer: npm install -g @openai/codex`,
  )
}

export function explainCodexCrash(stderrTail: string): Failure | undefined {
  // A sub-command that it doesn't know is a prompt for its terminal interface.
  if (/stdin is not a terminal/i.test(stderrTail)) return tooOld()
  return explainStderr(stderrTail, 'codex', stderrTexts, codexLogin)
}
