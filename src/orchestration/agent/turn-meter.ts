import { subtractUsage, type Usage } from '../../domain/agent/agent-event.js'
import { isFinal, type Evidence, type ExitStatus } from '../../domain/agent/attempt.js'
import { isUsedUp, spentOf } from '../../domain/accounts/budget.js'
import { noBaseline, usageOfAll } from '../../domain/accounts/counted.js'
import type { Prices } from '../../domain/accounts/price.js'
import { countTurn, type Pricing, type TurnCount, type TurnUse } from '../../domain/accounts/turn-count.js'
import { pricingOf } from '../accounts/pricing.js'
import type { Recorder } from '../recorder.js'
import type { AgentWork } from './agent-work.js'
import { commandProvider } from '../../domain/routing/routing.js'

/** So often a turn's use is recorded while it goes on. */
const maxUses = 20_000

/** Counts what a turn uses, by what it has told so far. */
export class TurnMeter {
  readonly #work: AgentWork
  readonly #settings: { readonly prices: Prices; readonly recorder: Recorder }
  #recordsLeft = maxUses

  constructor(work: AgentWork, settings: { readonly prices: Prices; readonly recorder: Recorder }) {
    this.#work = work
    this.#settings = settings
  }

  /** While it goes on: nobody has seen it end. */
  sofar(evidence: Evidence): TurnCount {
    return this.#count(evidence, 'unseen')
  }

  total(evidence: Evidence, exit: ExitStatus): TurnCount {
    return this.#count(evidence, isSaved(exit) ? 'saved' : 'lost')
  }

  mayRecord(): boolean {
    return this.#recordsLeft-- > 0
  }

  /** By what is known of it: a CLI that tells its cost holds its ceiling itself. What ends by itself need not be ended. */
  isUsedUp(evidence: Evidence): boolean {
    const certain = this.#count(evidence, 'unseen', { byRate: () => undefined })
    return !isFinal(evidence) && isUsedUp(this.#work.budget ?? {}, spentOf(newlyUsed(certain)))
  }

  /** What the journal keeps of a count; a review's conversation doesn't continue. */
  facts({ after, ...counted }: TurnCount) {
    const { provider, assignment } = this.#work
    const continues = provider.resume !== undefined && assignment.type === 'work'
    return { provider: provider.name, ...counted, ...(continues ? { after } : {}) }
  }

  #count(evidence: Evidence, count: TurnUse['count'], more: Partial<Pricing> = {}): TurnCount {
    const { provider, assignment, usedBefore = noBaseline } = this.#work
    // A command has no tokens to tell of.
    const answered = evidence.answered && provider.name !== commandProvider
    const { usage: total, reported, unsettled, model = assignment.request.model } = evidence
    const pricing = { ...pricingOf(provider.name, model, this.#settings), ...more }
    const before = provider.countsUsageOf === 'process' ? noBaseline : usedBefore
    return countTurn({ total, reported, unsettled, answered, count }, before, pricing)
  }
}

/** Without what was counted before for earlier turns. */
export function newlyUsed({ usage, replaces = [] }: TurnCount): Usage {
  return subtractUsage(usage, usageOfAll(replaces))
}

/** A CLI saves what it has counted for its conversation when it ends, not when it is killed (128 + 9 behind a shell). */
function isSaved(exit: ExitStatus): boolean {
  return exit.type === 'code' && exit.code !== 137
}
