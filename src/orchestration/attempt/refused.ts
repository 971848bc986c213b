import { failure, type Failure } from '../../domain/agent/failure.js'
import { nameRefusal, refusedCalls, type Refusal } from '../../domain/agent/refusal.js'
import type { FindProvider } from '../../providers/index.js'
import type { Recorder } from '../recorder.js'
import type { AttemptId } from '../../domain/attempt/attempt.js'
import { permissionsOf, type PermissionChoice } from '../../domain/agent/permissions.js'
import type { ProviderModel } from '../../domain/agent/provider-model.js'

export interface StrictSettings {
  readonly onDenied: 'warn' | 'fail'
  readonly permissions: PermissionChoice
  readonly findProvider: FindProvider
  readonly allow: readonly string[]
}

/** What the agent was refused in the last turn of an attempt, by the journal: so also what it was before a resume. */
export function refusalsOf({ taskId, attempt }: AttemptId, { recorder }: { readonly recorder: Recorder }) {
  const course = recorder.state.progress.get(taskId)?.course
  return course?.attempt === attempt ? course.refusals : []
}

/** With `on_denied: fail`, a turn in which something was refused has failed, however it ended. It says what is allowed. */
export function refusedFailure(
  { provider }: ProviderModel,
  refusals: readonly Refusal[],
  { onDenied, permissions, allow, findProvider }: StrictSettings,
): Failure | undefined {
  if (onDenied === 'warn' || refusals.length === 0) return undefined
  const permitted =
    findProvider(provider)?.permitted({ permissions: permissionsOf(permissions, provider), allow }) ?? []
  const all =
    refusals.length > 1
      ? ['', 'What was refused:', ...refusals.slice(0, maxNamed).map((refusal) => `- ${nameRefusal(refusal)}`)]
      : []
  const detail = [...permitted, ...whatToDo, ...all].join('\n')
  return failure('refused', `${refusedCalls(refusals)}.`, { detail })
}

/** The agent that did them remembers the rest. */
const maxNamed = 30

const whatToDo = [
  'Do what is missing in a way that is allowed. Where there is none, leave it out and say so in your last message;',
  'do not try again what was refused.',
]
