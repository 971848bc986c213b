import { failure, type Failure } from '../../domain/agent/failure.js'
import type { AgentRequest } from './contract.js'

/**
 * A model's name may come from the roadmap and becomes an argument of its own: a leading dash would make it an option,
 * such as one that lifts the permissions. Names seen in the wild hold letters, digits and `. _ - / : @ [ ] + ~`.
 */
export function refuseModelName({ model }: Pick<AgentRequest, 'model'>): Failure | undefined {
  if (model === undefined || /^[\p{L}\p{N}][\p{L}\p{N}._/:@[\]+~-]*$/u.test(model)) return undefined
  return failure(
    'model',
    `${JSON.stringify(model)} is not the name of a model: check the task's \`model\` or --provider.`,
  )
}
