import type { ProviderModel } from '../domain/agent/provider-model.js'
import type { Task } from '../domain/roadmap/task.js'

/** Which attempt it is about. */
export interface AttemptOf {
  readonly task: Task
  readonly attempt: number
  readonly agent: ProviderModel
  /** The digest of what its agent is told; absent where that is not known. */
  readonly text?: string
}
