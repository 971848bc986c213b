import type { TaskId } from '../brand.js'
import type { Usage } from '../agent/agent-event.js'
import { formatProviderModel } from '../agent/provider-model.js'
import { present } from '../present.js'
import { commandProvider } from '../routing/routing.js'
import {
  addAgent,
  addCounted,
  addToRate,
  noSpending,
  type CountedAgent,
  type ProviderSpending,
  type Rate,
} from './agent-spending.js'
import type { RecordOf } from './event.js'
import type { SlotWork } from './slot-state.js'
import type { TaskRecord } from './task-record.js'

/** What the agents of a run used. Changed in place. */
export interface RunUsage {
  usage: Usage
  /** What the agents of each provider used. */
  readonly spending: Map<string, ProviderSpending>
  /** Cost of the agents of each model, by `provider:model`. */
  readonly rates: Map<string, Rate>
  /**
   * What running agents have used so far, by agent. It counts when they end, or when they were cut off with the run.
   */
  readonly atWork: Map<string, RecordOf<'agent_used'>>
}

type Counting = RunUsage & { readonly tasks: Map<TaskId, TaskRecord> }

export function agentKey({
  taskId,
  attempt,
  review,
}: Pick<RecordOf<'agent_used'>, 'taskId' | 'attempt' | 'review'>): string {
  return JSON.stringify([taskId, attempt, review])
}

/** What the agent at work on a slot has used so far, as far as its CLI has told. */
export function usedAtWork({ atWork }: RunUsage, { taskId, attempt, does, number }: SlotWork): Usage | undefined {
  return atWork.get(agentKey({ taskId, attempt, ...present({ review: does === 'review' ? number : undefined }) }))
    ?.usage
}

/** What the run has used, running agents included. */
export function usedSoFar({ usage, atWork }: RunUsage): Usage {
  return [...atWork.values()].reduce(addCounted, usage)
}

interface EndedAgent extends CountedAgent {
  readonly taskId: TaskId
  readonly provider?: string
}

/** Adds the usage of an agent that has ended. */
export function countAgent(state: Counting, agent: EndedAgent): void {
  const { taskId, provider } = agent
  state.usage = addCounted(state.usage, agent)
  const task = state.tasks.get(taskId)
  if (task) state.tasks.set(taskId, { ...task, used: addCounted(task.used, agent) })
  if (provider === undefined || provider === commandProvider) return
  state.spending.set(provider, addAgent(state.spending.get(provider) ?? noSpending, agent))
}

export function learnRate(state: RunUsage, record: RecordOf<'agent_finished'>): void {
  const { provider, model, streamed } = record
  if (provider === undefined || model === undefined) return
  const key = formatProviderModel({ provider, model })
  state.rates.set(key, addToRate(state.rates.get(key), record, streamed))
}
