import { failure, type Failure, type FailureKind } from '../domain/failure.js'
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

/** What the CLI said, as one clean line, and what to do next where a person must act. */
export function cliFailure(kind: FailureKind, cli: string, said: string, loginCommand: string): Failure {
  const line = shortLine(said, 300)
  const step = nextStep(kind, loginCommand)
  return failure(kind, `${cli}: ${line === '' ? 'no reason given' : line}${step === undefined ? '' : ` (${step})`}`)
}

function nextStep(kind: FailureKind, loginCommand: string): string | undefined {
  if (kind === 'auth') return `log in with \`${loginCommand}\`, or set the key in the environment`
  if (kind === 'model') return 'choose another model with --provider NAME:MODEL'
  return kind === 'spawn' ? 'install it again' : undefined
}
