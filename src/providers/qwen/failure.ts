import type { Failure } from '../../domain/agent/failure.js'
import {
  cliFailure,
  explainStderr,
  kindOfServerError,
  matchSignature,
  type Login,
  type Signature,
} from '../adapter/failure-text.js'
import type { RpcError } from '../acp/rpc-error.js'
import { asObject, objectAt, stringAt, type JsonObject } from '../adapter/json.js'
import { clipText } from '../adapter/line.js'

export const qwenLogin: Login = { command: 'qwen, and then /auth', lasting: 'OPENAI_API_KEY' }

/** Texts of the final event: its own, or those of model servers, which it hands on. Source: recorded streams of 0.24.4. */
export const messageTexts: readonly Signature[] = [
  [
    /usage limit|exceeded your current quota|insufficient.quota|quota (?:has been )?exhausted|credit balance/i,
    'usage_limit',
  ],
  [/missing api key|incorrect api key|invalid.api.key|unauthorized/i, 'auth'],
  [/exceeds the context window|maximum context length|prompt is too long/i, 'context'],
  [/does not exist or you do not have access|model not found/i, 'model'],
  [/rate limit|too many requests|throttl/i, 'rate_limit'],
  [/timed? out|timeout/i, 'timeout'],
  [/overloaded|at capacity|had an error while processing/i, 'overloaded'],
  [
    /connection error|fetch failed|\bterminated\b|other side closed|non-SSE response|\bE(?:CONN\w+|PIPE|AI_AGAIN|NOTFOUND)\b/i,
    'network',
  ],
]

/** What stderr says if no final event came: exit codes 1, 53 and 55. */
export const stderrTexts: readonly Signature[] = [
  [/reached max session turns|tool-call budget/i, 'turn_limit'],
  [/wall-clock budget/i, 'timeout'],
  [/no saved session found/i, 'session_lost'],
  [/unknown arguments?:|invalid values|not enough arguments|no input provided via stdin/i, 'usage'],
  [/executionSandbox|bwrap|sandbox/i, 'usage'],
  ...messageTexts,
]

/** The failure in a final event; undefined for success. */
export function resultFailure(result: JsonObject): Failure | undefined {
  if (stringAt(result, 'subtype') === 'success' && result.is_error === false) return undefined
  return messageFailure(clipText(stringAt(objectAt(result, 'error'), 'message') ?? ''))
}

/**
 * An error of the agent server: the status of the model server stands in front of what that said. Of a 429 it only says
 * that there were too many requests, even if an allowance is used up.
 */
export function serverFailure({ code, message, data }: RpcError): Failure {
  // The protocol's own code for that.
  if (code === -32000) return cliFailure('auth', 'qwen', clipText(message), qwenLogin)
  const said = clipText(stringAt(asObject(data), 'details') ?? message)
  return messageFailure(said.startsWith('[') ? said : `[API Error: ${said}]`)
}

/** What a model server said is in brackets, with its status if there was one. */
const ofServer = /^\[API Error: (?:(\d{3}) )?(.*?)\]?$/s

function messageFailure(message: string): Failure {
  const [, status, told = message] = ofServer.exec(message) ?? []
  const kind = kindOfServerError({
    status: status === undefined ? undefined : Number(status),
    byText: matchSignature(told, messageTexts),
  })
  return cliFailure(kind ?? 'crash', 'qwen', told, qwenLogin)
}

/** The CLI says an error of the model server as a text of the agent's, too. */
export function isServerError(text: string): boolean {
  return text.startsWith('[API Error: ')
}

/** It also writes there what is no failure: what it lacks, what it warns of, and each retry. */
export function explainQwenCrash(stderrTail: string): Failure | undefined {
  const told = stderrTail.split('\n').filter((line) => !/^(?:ripgrep|warning|retrying)\b/i.test(line))
  return explainStderr(told.join('\n'), 'qwen', stderrTexts, qwenLogin)
}
