import type { TaskId } from '../../domain/brand.js'
import { noUsage, type Usage } from '../../domain/agent/agent-event.js'
import {
  addSpent,
  formatSpent,
  isUsedUp,
  leftOf,
  mayStartWithin,
  meanOf,
  nothingSpent,
  spentOf,
  tightest,
  type Budget,
  type RunBudgets,
  type Spending,
  type Spent,
} from '../../domain/accounts/budget.js'
import { failure } from '../../domain/agent/failure.js'
import type { ProviderModel } from '../../domain/agent/provider-model.js'
import { commandProvider } from '../../domain/routing/routing.js'
import type { Task } from '../../domain/roadmap/task.js'
import type { AgentPool, HeldOffer } from '../../pool/contract.js'
import type { AgentWatch, WatchedAgent } from '../agent-watch.js'
import type { Recorder } from '../recorder.js'
import type { StopEarly } from '../stop-early.js'

export interface BudgetKeeperParts {
  readonly recorder: Recorder
  readonly pool: AgentPool
  readonly budgets: RunBudgets
  readonly stopEarly: StopEarly
  /** Ends the running agents; absent if they may finish. */
  readonly endAgents?: () => void
}

/** What the budgets say about one agent that should start. */
export interface Allowances {
  /** What an agent that starts now may spend: what is left of the run's, its provider's and the task's budget. */
  allowance(provider: string, task?: Task): Budget
  /** Says that a task's own budget is used up; otherwise undefined. */
  usedUpBy(task: Task): string | undefined
}

/**
 * Keeps the budgets of the run and of providers: no agent starts that wouldn't fit, and once a budget is used up, the
 * run or the provider starts nothing more. Everything counts over all resumes of the run.
 */
export class BudgetKeeper implements AgentWatch, Allowances {
  readonly #parts: BudgetKeeperParts
  /** What running agents have reported so far. */
  readonly #reported = new Map<WatchedAgent, Usage>()

  constructor(parts: BudgetKeeperParts) {
    this.#parts = parts
    parts.pool.admitBy((offer, held) => this.#admits(offer, held))
    parts.pool.on('stuck', (stuck) => {
      if (stuck && stuck.until === undefined) this.#onRefused(stuck.providers)
    })
  }

  /** Checks whether a budget is used up; also at the start, for what was spent before a resume. */
  look(): void {
    const { budgets, recorder } = this.#parts
    for (const [provider, budget] of Object.entries(budgets.providers)) {
      if (isUsedUp(budget, this.#spent(provider))) this.#stopProvider(provider)
    }
    if (!isUsedUp(budgets.run, this.#spent())) return
    if (!recorder.state.stopping) this.#stopRun()
    this.#parts.endAgents?.()
  }

  started(agent: WatchedAgent): void {
    if (agent.provider !== commandProvider) this.#reported.set(agent, noUsage)
  }

  used(agent: WatchedAgent, usage: Usage): void {
    this.#reported.set(agent, usage)
    this.look()
  }

  counted(agent: WatchedAgent): void {
    if (this.#reported.has(agent)) this.#reported.set(agent, noUsage)
  }

  ended(agent: WatchedAgent): void {
    this.#reported.delete(agent)
    this.look()
    // It may have spent less than was reserved for it.
    this.#parts.pool.reconsider()
  }

  allowance(provider: string, task?: Task): Budget {
    if (provider === commandProvider) return {}
    const { budgets } = this.#parts
    const ofProvider = budgets.providers[provider]
    return tightest([
      leftOf(budgets.run, this.#spent()),
      ...(ofProvider ? [leftOf(ofProvider, this.#spent(provider))] : []),
      ...(task?.budget ? [leftOf(task.budget, this.#spentOn(task.id))] : []),
    ])
  }

  usedUpBy({ id, budget }: Task): string | undefined {
    const spent = this.#spentOn(id)
    if (!budget || !isUsedUp(budget, spent)) return undefined
    return `the task's budget is used up: ${formatSpent(budget, spent)}`
  }

  #spentOn(taskId: TaskId): Spent {
    return spentOf(this.#parts.recorder.state.tasks.get(taskId)?.used ?? noUsage)
  }

  /** For the whole run or one provider, including what running agents have reported. */
  #spent(provider?: string): Spent {
    const reported = [...this.#reported].filter(([agent]) => provider === undefined || agent.provider === provider)
    return reported.map(([, usage]) => spentOf(usage)).reduce(addSpent, this.#recorded(provider))
  }

  #recorded(provider?: string): Spent {
    const { usage, spending } = this.#parts.recorder.state
    return spentOf(provider === undefined ? usage : (spending.get(provider)?.usage ?? noUsage))
  }

  /**
   * What an agent of the provider spends on average. Until one has ended, what the running ones have reported stands
   * in for it, and until they report, what agents of the other providers spend.
   */
  #usual(provider: string): Spent {
    const { usage, spending } = this.#parts.recorder.state
    const own = spending.get(provider)
    if (own && own.agents > 0) return meanOf(spentOf(own.usage), own.agents)
    const reported = [...this.#reported].filter(([agent, { outputTokens }]) => {
      return agent.provider === provider && outputTokens > 0
    })
    if (reported.length > 0) {
      return meanOf(reported.map(([, usage]) => spentOf(usage)).reduce(addSpent, nothingSpent), reported.length)
    }
    const agents = [...spending.values()].reduce((sum, one) => sum + one.agents, 0)
    return meanOf(spentOf(usage), agents)
  }

  #admits({ provider }: ProviderModel, held: readonly HeldOffer[]): boolean {
    if (provider === commandProvider) return true
    const { run, providers } = this.#parts.budgets
    const next = this.#usual(provider)
    const own = providers[provider]
    if (!mayStartWithin(run, this.#recorded(), this.#atWork(held), next)) return false
    return !own || mayStartWithin(own, this.#recorded(provider), this.#atWork(held, provider), next)
  }

  /** Agents that hold a slot, and those whose process has ended while their last output is still being read. */
  #atWork(held: readonly HeldOffer[], provider?: string): readonly Spending[] {
    const counts = (name: string) => name !== commandProvider && (provider === undefined || name === provider)
    const reported = [...this.#reported].filter(([agent]) => counts(agent.provider))
    const known = new Set(reported.map(([{ slot }]) => slot))
    const silent = held.filter((offer) => counts(offer.provider) && !known.has(offer.slot))
    return [
      ...reported.map(([agent, usage]) => ({ reported: spentOf(usage), usual: this.#usual(agent.provider) })),
      ...silent.map((offer) => ({ reported: nothingSpent, usual: this.#usual(offer.provider) })),
    ]
  }

  /** Nothing is running, and less is left than an agent usually spends. */
  #onRefused(refused: readonly string[]): void {
    // Its slot is free, but its spending isn't known yet: this is called again when it is.
    if (this.#reported.size > 0) return
    const { providers } = this.#parts.budgets
    const byOwn = refused.filter((name) => {
      const own = providers[name]
      return own && !mayStartWithin(own, this.#recorded(name), [], this.#usual(name))
    })
    byOwn.forEach((name) => this.#stopProvider(name))
    if (byOwn.length < refused.length) this.#stopRun()
  }

  #stopRun(): void {
    const { budgets, stopEarly } = this.#parts
    const spent = this.#spent()
    const why = isUsedUp(budgets.run, spent)
      ? `the budget is used up: ${formatSpent(budgets.run, spent)}`
      : `the rest of the budget is less than an agent usually spends: ${formatSpent(budgets.run, spent)} spent`
    stopEarly({
      reason: 'budget',
      why,
      next: 'raise --budget or --budget-tokens (they count over all resumes) and run again',
    })
  }

  #stopProvider(provider: string): void {
    const { recorder, pool, budgets } = this.#parts
    const budget = budgets.providers[provider]
    if (!budget || recorder.state.providers.get(provider)?.stopped) return
    const spent = formatSpent(budget, this.#spent(provider))
    const message = `${provider} has spent its budget for this run, ${spent}; raise it under budgets: in autopilot.yaml.`
    void recorder.record({ type: 'provider_stopped', provider, failure: failure('budget', message) })
    pool.stopProvider(provider)
  }
}
