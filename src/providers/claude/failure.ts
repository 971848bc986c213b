import { failure, type Failure, type FailureKind } from '../../domain/agent/failure.js'
import {
  cliFailure,
  explainStderr,
  kindOfHttpStatus,
  matchSignature,
  type Login,
  type Signature,
} from '../adapter/failure-text.js'
import { numberAt, stringAt, type JsonObject } from '../adapter/json.js'
import { clipText } from '../adapter/line.js'

export const claudeLogin: Login = {
  command: 'claude auth login',
  lasting: '`claude setup-token` and CLAUDE_CODE_OAUTH_TOKEN, or ANTHROPIC_API_KEY',
}

/** Texts of the final event, for cases without a field. Source: recorded streams of 2.1.330 and 2.1.197. */
export const resultTexts: readonly Signature[] = [
  // After a crash of the machine the conversation may still be claimed (public reports): it is out of reach.
  [/no conversation found with session id|session id \S+ is already in use/i, 'session_lost'],
  [/credit balance is too low|hit your .{0,40}limit|usage limit/i, 'usage_limit'],
  [/not logged in|invalid api key|failed to authenticate|please run \/login|oauth token (has|is|was) \w+/i, 'auth'],
  [/prompt is too long/i, 'context'],
  [/issue with the selected model/i, 'model'],
  [/request timed out/i, 'timeout'],
  [/\boverloaded\b/i, 'overloaded'],
  [/connection (refused|error|reset|closed)|unable to connect|empty or malformed response/i, 'network'],
]

/** Subtypes that are limits of the CLI. */
export const limitSubtypes: readonly Signature[] = [
  [/^error_max_budget_usd$/, 'budget'],
  [/^error_max_\w+/, 'turn_limit'],
]

/** Structured fields, which count before any text. */
export const terminalReasons: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['prompt_too_long', 'context'],
  ['max_turns', 'turn_limit'],
  ['budget_exhausted', 'budget'],
])

/** As {@link terminalReasons}. */
export const apiErrors: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['usage_limit_reached', 'usage_limit'],
  ['connection_failed', 'network'],
])

/** What stderr says if no final event came. */
export const stderrTexts: readonly Signature[] = [
  [/unknown option|argument missing|is invalid\.|requires --verbose/i, 'usage'],
  [/native binary|cannot execute binary file/i, 'spawn'],
  ...resultTexts,
]

/**
 * The failure in a final event, or undefined for success. `is_error` decides: an API error ends with
 * `"subtype":"success","is_error":true`. The two subtypes for limits always count, and a final event without the field
 * isn't a success.
 */
export function resultFailure(result: JsonObject): Failure | undefined {
  const limited = matchSignature(stringAt(result, 'subtype') ?? '', limitSubtypes)
  if (result.is_error === false && !limited) return undefined
  const said = saidByResult(result)
  const kind = limited ?? kindOfFields(result) ?? matchSignature(said, resultTexts)
  return cliFailure(withText(kind, said), 'claude', said, claudeLogin)
}

function kindOfFields(result: JsonObject): FailureKind | undefined {
  const byName =
    terminalReasons.get(stringAt(result, 'terminal_reason') ?? '') ?? apiErrors.get(stringAt(result, 'api_error') ?? '')
  const status = numberAt(result, 'api_error_status')
  return byName ?? (status === undefined ? undefined : kindOfHttpStatus(status))
}

/** Older versions report a used-up allowance as a plain 429; only the text shows it. An unknown failure is a crash. */
function withText(kind: FailureKind | undefined, said: string): FailureKind {
  if (kind === 'rate_limit' && matchSignature(said, resultTexts) === 'usage_limit') return 'usage_limit'
  return kind ?? 'crash'
}

/** The final text, or `errors`, which only some failures have; for an interruption those are useless diagnostics. */
function saidByResult(result: JsonObject): string {
  if (stringAt(result, 'terminal_reason')?.startsWith('aborted') === true) return 'it was interrupted'
  const errors = Array.isArray(result.errors) ? result.errors.filter((error) => typeof error === 'string') : []
  const said = stringAt(result, 'result') ?? ''
  return clipText(said === '' ? errors.join('; ') : said)
}

/** Full permissions as root: exit 1, unless `IS_SANDBOX=1`. Source: recorded. */
export function rootFailure(): Failure {
  return failure(
    'usage',
    'claude refuses full permissions as root: run autopilot as another user, use --permissions edit, or set IS_SANDBOX=1 if this machine is a sandbox.',
  )
}

export function explainClaudeCrash(stderrTail: string): Failure | undefined {
  if (stderrTail.includes('cannot be used with root/sudo')) return rootFailure()
  return explainStderr(stderrTail, 'claude', stderrTexts, claudeLogin)
}
