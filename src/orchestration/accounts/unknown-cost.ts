import type { TaskId } from '../../domain/brand.js'
import type { RunBudgets } from '../../domain/accounts/budget.js'
import type { Counted, Measure } from '../../domain/accounts/counted.js'
import type { Task } from '../../domain/roadmap/task.js'
import { plural } from '../../domain/text.js'
import type { FindProvider } from '../../providers/index.js'
import { measureNames, unknownCures } from '../../ui/told.js'
import type { AgentWatch, WatchedAgent } from '../agent-watch.js'
import type { Recorder } from '../recorder.js'
import type { StopEarly } from '../stop-early.js'

export interface UnknownParts {
  readonly recorder: Recorder
  readonly stopEarly: StopEarly
  readonly budgets: RunBudgets
  readonly tasks: ReadonlyMap<TaskId, Task>
  readonly findProvider: FindProvider
}

/** So many agents of a provider, one after the other, may spend what a budget cannot count. */
const maxInARow = 3

/**
 * Reports an agent that a budget can't count, and ends the run if that keeps happening: nobody knows what it spends.
 * CLIs that never report a cost are reported at the start of the run.
 */
export function watchUnknown(parts: UnknownParts): AgentWatch {
  const told = new Set<string>()
  const look = (agent: WatchedAgent, measure: Measure) => {
    const { provider, taskId } = agent
    if (!isLimited(agent, measure, parts) || (measure === 'usd' && !parts.findProvider(provider)?.tellsCost)) return
    const many = parts.recorder.state.spending.get(provider)?.inARow[measure] ?? 0
    if (many >= maxInARow) {
      const why = `the ${measureNames[measure]} of the last ${plural(many, 'agent')} of ${provider} is unknown, so no budget can count it`
      parts.stopEarly({ reason: 'budget', why, next: `${unknownCures[measure]}, and run again` })
    }
    if (told.has(`${provider} ${measure}`)) return
    told.add(`${provider} ${measure}`)
    void parts.recorder.record({ type: 'cost_unknown', provider, taskId, measure })
  }
  return {
    counted: (agent: WatchedAgent, { unknown = [] }: Counted) => unknown.forEach((measure) => look(agent, measure)),
  }
}

function isLimited({ provider, taskId }: WatchedAgent, measure: Measure, { budgets, tasks }: UnknownParts): boolean {
  const limits = [budgets.run, budgets.providers[provider], tasks.get(taskId)?.budget]
  return limits.some((budget) => budget?.[measure] !== undefined)
}
