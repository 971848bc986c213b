import type { Failure, FailureKind } from '../../domain/agent/failure.js'
import { present } from '../../domain/present.js'
import type { EpochMs } from '../../domain/brand.js'
import {
  cliFailure,
  explainStderr,
  kindOfServerError,
  matchSignature,
  type Login,
  type Signature,
} from '../adapter/failure-text.js'
import { asObject, momentAt, numberAt, objectAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'
import { clipText } from '../adapter/line.js'
import type { RpcError } from '../acp/rpc-error.js'

export const opencodeLogin: Login = {
  command: 'opencode auth login',
  lasting: 'the key of the provider, such as ANTHROPIC_API_KEY',
}

/** opencode's own names of errors. Source: recorded streams and texts of 1.18.33. */
export const kindsOfName: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['ProviderAuthError', 'auth'],
  ['ContextOverflowError', 'context'],
  ['ProviderModelNotFoundError', 'model'],
])

/** The messages of model servers, which opencode hands on. */
export const messageTexts: readonly Signature[] = [
  [/usage limit|exceeded your current quota|insufficient.quota|credit balance|free limit reached/i, 'usage_limit'],
  [/incorrect api key|invalid.api.key|api key is missing|unauthorized/i, 'auth'],
  [/exceeds the context window|prompt is too long/i, 'context'],
  [/model not found|does not exist or you do not have access/i, 'model'],
  [/rate limit|too many requests/i, 'rate_limit'],
  [/operation timed out|request timed out/i, 'timeout'],
  [/overloaded|at capacity|had an error while processing/i, 'overloaded'],
  [/cannot connect to api|unable to connect|connection (refused|reset|closed|error)|socket/i, 'network'],
]

/** What stderr says if no final event came. */
export const stderrTexts: readonly Signature[] = [
  [/session not found/i, 'session_lost'],
  [
    /unknown argument|invalid values:|--help +show help|configuration is invalid|is not valid json|invalid json/i,
    'usage',
  ],
  [/provide a message or a command/i, 'usage'],
  [/cannot execute binary file/i, 'spawn'],
  ...messageTexts,
]

/** What a message means, where it is known. */
export function kindOfMessage(message: string): FailureKind | undefined {
  return matchSignature(message, messageTexts)
}

/** An `error` event. Its moments are relative, and the event has its own. */
export function errorFailure(event: JsonObject): Failure {
  const error = objectAt(event, 'error')
  const data = objectAt(error, 'data')
  const name = stringAt(error, 'name') ?? ''
  const said = clipText(stringAt(data, 'message') ?? name)
  const kind = kindOfError(name, data, said)
  const retryAt = kind === 'usage_limit' || kind === 'rate_limit' ? retryMoment(event, data) : undefined
  return { ...cliFailure(kind, 'opencode', told(name, said), opencodeLogin), ...present({ retryAt }) }
}

/** An error of the agent server: of the names and the data of {@link errorFailure}, it has only the name. */
export function serverFailure({ message, data }: RpcError): Failure {
  const name = stringAt(asObject(data), 'errorName')
  const said = message.replace(/^internal error:\s*/i, '')
  return errorFailure({ error: { ...asObject(data), name, data: { ...asObject(data), message: said } } })
}

function kindOfError(name: string, data: JsonObject | undefined, said: string): FailureKind {
  const byText = kindOfMessage(`${said} ${stringAt(data, 'responseBody')?.slice(0, 2_000) ?? ''}`)
  return kindsOfName.get(name) ?? kindOfServerError({ status: numberAt(data, 'statusCode'), byText }) ?? 'crash'
}

/** It says no more than that where it does not know the provider or the model, or has no login. */
function told(name: string, said: string): string {
  return name === 'UnknownError' && /unexpected server error/i.test(said)
    ? `${said} Often it does not know the model or its provider (PROVIDER/MODEL).`
    : said
}

function retryMoment(event: JsonObject, data: JsonObject | undefined): EpochMs | undefined {
  const at = momentAt(objectAt(parseObject(stringAt(data, 'responseBody') ?? ''), 'error'), 'resets_at', 1000)
  const after = Number(stringAt(objectAt(data, 'responseHeaders'), 'retry-after') ?? NaN)
  const now = numberAt(event, 'timestamp')
  return at ?? (now === undefined || !(after > 0) ? undefined : momentAt({ at: now + after * 1000 }, 'at'))
}

export function explainOpencodeCrash(stderrTail: string): Failure | undefined {
  return explainStderr(stderrTail, 'opencode', stderrTexts, opencodeLogin)
}
