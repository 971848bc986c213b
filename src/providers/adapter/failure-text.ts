import { failure, type Failure, type FailureKind } from '../../domain/agent/failure.js'
import { shortLine } from './line.js'

/** One row of a signature table: what a CLI writes, and what that means. The first row that matches counts. */
export type Signature = readonly [pattern: RegExp, kind: FailureKind]

export function matchSignature(text: string, signatures: readonly Signature[]): FailureKind | undefined {
  return signatures.find(([pattern]) => pattern.test(text))?.[1]
}

/** The kind behind a status of the model server, the same for every CLI. */
export function kindOfHttpStatus(status: number): FailureKind | undefined {
  if (status === 401 || status === 403) return 'auth'
  if (status === 404) return 'model'
  if (status === 408) return 'timeout'
  if (status === 413) return 'context'
  if (status === 429) return 'rate_limit'
  return status >= 500 && status <= 599 ? 'overloaded' : undefined
}

/**
 * The last three lines that a CLI printed when it couldn't start, and before them the line with the kind if it isn't
 * among them: the first line may say only that something is wrong, and the next one where.
 */
export function lastWords(stderrTail: string, telling?: string): string {
  const lines = stderrTail.split('\n').filter((line) => line.trim() !== '')
  const last = lines.slice(-3)
  const said = telling === undefined || last.includes(telling) ? last : [telling, ...last]
  return said.map((line) => shortLine(line)).join(' | ')
}

/** The CLI's message as one clean line, and what to do next if a person must act. */
export function cliFailure(kind: FailureKind, cli: string, said: string, login: Login): Failure {
  const line = shortLine(said, 400)
  const step = nextStep(kind, login)
  const message = `${cli}: ${line === '' ? 'no reason given' : line}${step === undefined ? '' : ` (${step})`}`
  return failure(kind, message, kind === 'auth' && noLogin.test(said) ? { loggedOut: true } : {})
}

/** Why no final event came, as far as the first line of stderr with a known text says. */
export function explainStderr(
  stderrTail: string,
  cli: string,
  signatures: readonly Signature[],
  login: Login,
): Failure | undefined {
  for (const line of stderrTail.split('\n')) {
    const kind = matchSignature(line, signatures)
    if (kind !== undefined) return cliFailure(kind, cli, lastWords(stderrTail, line), login)
  }
  return undefined
}

/** What is known of an error that a CLI hands on from a model server. */
interface ServerError {
  readonly status?: number | undefined
  /** By the CLI's own name for it. */
  readonly byName?: FailureKind | undefined
  readonly byText: FailureKind | undefined
}

/** A status counts before a name, and that before a text, except that a used-up allowance is a 429, too. */
export function kindOfServerError({ status, byName, byText }: ServerError): FailureKind | undefined {
  if (byText === 'usage_limit') return byText
  return (status === undefined ? undefined : kindOfHttpStatus(status)) ?? byName ?? byText
}

/** The last answer ended in another way than it should: `reason` is the word for it that several CLIs share. */
export function stopFailure(cli: string, reason: string): Failure {
  const said = reason === 'length' ? 'the answer was longer than the model may write' : `the turn ended with ${reason}`
  return failure('crash', `${cli}: ${said}`)
}

/** How a CLI comes to a login; shown to users, never run. */
export interface Login {
  readonly command: string
  /** A login that agents running at the same time don't race to renew. */
  readonly lasting: string
}

/** There is no login, as opposed to one that a server refused. Losers of a race for a token say the same. */
const noLogin =
  /not logged in|missing environment variable|must specify the \w+_KEY|no? auth method|missing api key|no api key found|no authentication information/i

function nextStep(kind: FailureKind, { command, lasting }: Login): string | undefined {
  if (kind === 'auth') {
    return (
      `log in with \`${command}\`, or set the key in the environment; agents that share a login ` +
      `race to renew it, and a long-lived token prevents that: ${lasting}`
    )
  }
  if (kind === 'model') return 'choose another model with --provider NAME:MODEL'
  return kind === 'spawn' ? 'install it again' : undefined
}
