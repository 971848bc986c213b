import { failure, type Failure, type FailureKind } from '../../domain/agent/failure.js'
import {
  cliFailure,
  kindOfServerError,
  matchSignature,
  stopFailure,
  type Login,
  type Signature,
} from '../adapter/failure-text.js'
import { asObject, stringAt } from '../adapter/json.js'
import { clipText, shortLine } from '../adapter/line.js'
import type { RpcError } from './rpc-error.js'

/** What the protocol names itself. */
const kindsOfCode: ReadonlyMap<number, FailureKind> = new Map<number, FailureKind>([[-32000, 'auth']])

/** What agents hand on of their model servers, in words that many have in common. */
const commonTexts: readonly Signature[] = [
  [/usage limit|exceeded your current quota|insufficient.quota|credit balance|daily quota/i, 'usage_limit'],
  [/rate limit|too many requests|resource has been exhausted/i, 'rate_limit'],
  [/invalid.api.key|api key (?:is missing|not valid)|unauthorized|authentication (?:required|failed)/i, 'auth'],
  [/context window|prompt is too long|maximum number of tokens/i, 'context'],
  [/model not found|does not exist or you do not have access/i, 'model'],
  [/overloaded|at capacity/i, 'overloaded'],
  [/could not connect|cannot connect|connection (?:refused|reset|closed|error)|fetch failed/i, 'network'],
]

/** An error of which no more is known than the protocol and common words say. */
export function commonFailure(name: string, error: RpcError, login: Login): Failure {
  const said = errorText(error)
  const kind = kindsOfCode.get(error.code) ?? kindOfServerError({ status: statusIn(error), byText: textKind(said) })
  return cliFailure(kind ?? 'crash', name, said, login)
}

function textKind(said: string): FailureKind | undefined {
  return matchSignature(said, commonTexts)
}

/** Some agents answer with the status of their model server, others write it in front of what that said. */
function statusIn(error: RpcError): number | undefined {
  const written = /^\W{0,3}([45]\d\d)\b/.exec(errorText(error))?.[1]
  return error.code >= 400 && error.code <= 599 ? error.code : written === undefined ? undefined : Number(written)
}

/** What an error says; the details count, where the message only says that there was one. */
export function errorText({ message, data }: RpcError): string {
  const details = typeof data === 'string' ? data : stringAt(asObject(data), 'details')
  const said = message.replace(/^internal error:?\s*/i, '')
  return clipText(details !== undefined && said === '' ? details : said === '' ? message : said)
}

/** Why a turn ended otherwise than by the agent's own word; undefined if it did not. */
export function stopReasonFailure(name: string, reason = 'no reason'): Failure | undefined {
  switch (reason) {
    case 'end_turn':
      return undefined
    case 'max_tokens':
      return stopFailure(name, 'length')
    case 'max_turn_requests':
      return failure('turn_limit', `${name}: the agent stopped at its own limit of requests to the model.`)
    case 'cancelled':
      return failure('canceled', `${name}: the turn was canceled.`)
    default:
      return stopFailure(name, shortLine(reason, 60))
  }
}
