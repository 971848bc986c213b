import type { MonotonicMs } from '../../domain/brand.js'
import { later, msBetween, type Clock } from '../../domain/clock.js'
import type { Failure, FailureKind } from '../../domain/agent/failure.js'
import {
  answeredOnce,
  decideWait,
  endedWell,
  judgeAccount,
  noTrouble,
  type Trouble,
  type WaitPolicy,
} from '../../domain/accounts/governor.js'
import { commandProvider } from '../../domain/routing/routing.js'
import { formatMoment } from '../../domain/accounts/wall-time.js'
import type { AgentPool, Stuck } from '../../pool/contract.js'
import type { AgentWatch, WatchedAgent } from '../agent-watch.js'
import type { Recorder } from '../recorder.js'
import type { StopEarly } from '../stop-early.js'

export interface GovernorParts {
  readonly clock: Clock
  readonly recorder: Recorder
  readonly pool: AgentPool
  readonly wait: WaitPolicy
  readonly stopEarly: StopEarly
  /** From 0 to 1, for backoff; not for secrets. */
  readonly random: () => number
  /** Asks the CLI of a provider for its version: undefined if it answers, otherwise what is wrong and what to do. */
  readonly whyUnusable: (provider: string, signal: AbortSignal) => Promise<string | undefined>
  /** Time zone of the machine, for times that a CLI gives without one; only asked for when needed. */
  readonly zone: () => string
}

/**
 * Watches the accounts: one that hits a limit cools down, an unusable one is stopped, and if all that waiting tasks
 * may use cool down, the run waits or stops. Each provider has one account.
 */
export class Governor implements AgentWatch {
  readonly #parts: GovernorParts
  readonly #troubles = new Map<string, Trouble>()
  /** Why each cools down, or last did. */
  readonly #coolDownKinds = new Map<string, FailureKind>()
  /** Agents that went first after a cool-down: their slots may be free by the time they are judged. */
  readonly #first = new WeakSet<WatchedAgent>()
  readonly #closing = new AbortController()
  /** Since when no agent has been answered while all accounts cool down. */
  #waitingSince: MonotonicMs | undefined
  /** The wait that was last told. */
  #told: Stuck | undefined

  constructor(parts: GovernorParts) {
    this.#parts = parts
    parts.pool.on('stuck', (stuck) => this.#onStuck(stuck))
  }

  /** Asks nobody anything any more. */
  close(): void {
    this.#closing.abort()
  }

  started(agent: WatchedAgent): void {
    this.#told = undefined
    if (this.#parts.pool.goesFirst(agent.slot)) this.#first.add(agent)
  }

  answered({ provider }: WatchedAgent): void {
    this.#waitingSince = undefined
    this.#troubles.set(provider, answeredOnce(this.#troubleOf(provider)))
    this.#parts.pool.answered(provider)
  }

  failing(agent: WatchedAgent, failure: Failure): void {
    this.#judge(agent, failure, false)
  }

  ended(agent: WatchedAgent, failure: Failure | undefined): void {
    if (failure) this.#judge(agent, failure, true)
    else this.#troubles.set(agent.provider, endedWell(this.#troubleOf(agent.provider)))
  }

  #judge(agent: WatchedAgent, failure: Failure, ended: boolean): void {
    const { provider, startedMs } = agent
    const { recorder, pool, clock, random, zone } = this.#parts
    const offer = agent.model === undefined ? { provider } : { provider, model: agent.model }
    if (provider === commandProvider || pool.isOut(offer)) return
    const [now, nowMs] = [clock.now(), clock.monotonic()]
    const facts = { now, nowMs, startedMs, answered: agent.hasAnswered(), ended, jitter: random(), zone: zone() }
    const goesFirst = this.#first.has(agent)
    const { trouble, verdict } = judgeAccount(this.#troubleOf(provider), { failure, goesFirst, ...facts })
    this.#troubles.set(provider, trouble)
    if (verdict.type === 'cool_down') {
      this.#coolDownKinds.set(provider, failure.kind)
      void recorder.record({ type: 'provider_cooled_down', provider, until: verdict.until, failure })
      pool.coolDown(provider, verdict.until)
    } else if (verdict.type === 'ask') {
      pool.coolDown(provider, verdict.until)
      void this.#ask(provider, failure)
    } else if (verdict.type === 'stop_model') {
      void recorder.record({ type: 'model_stopped', ...offer, failure })
      pool.stopModel(offer)
    } else if (verdict.type === 'stop') this.#stop(provider, verdict.failure)
  }

  #stop(provider: string, failure: Failure): void {
    void this.#parts.recorder.record({ type: 'provider_stopped', provider, failure })
    this.#parts.pool.stopProvider(provider)
  }

  /** Whether the CLI is there again: then one agent goes first; otherwise nothing more is tried. */
  async #ask(provider: string, failure: Failure): Promise<void> {
    const { signal } = this.#closing
    const why = await this.#parts.whyUnusable(provider, signal)
    if (signal.aborted) return
    if (why === undefined) this.#parts.pool.coolDown(provider, this.#parts.clock.now())
    else this.#stop(provider, { ...failure, message: `${failure.message} ${why}`.trim() })
  }

  #troubleOf(provider: string): Trouble {
    return this.#troubles.get(provider) ?? noTrouble
  }

  #onStuck(stuck: Stuck | undefined): void {
    const { clock, recorder, wait, stopEarly, zone } = this.#parts
    if (stuck?.until === undefined) return
    const [now, nowMs] = [clock.now(), clock.monotonic()]
    this.#waitingSince ??= nowMs
    const { until, providers } = stuck
    const kind = this.#coolDownKinds.get(providers[0] ?? '') ?? 'rate_limit'
    const decision = decideWait(wait, {
      kind,
      sinceMs: this.#waitingSince,
      untilMs: later(nowMs, msBetween(now, until)),
    })
    if (decision === 'wait') {
      // Tasks that join or leave the queue meanwhile change nothing of it.
      if (!isSameWait(stuck, this.#told)) void recorder.record({ type: 'run_waiting', until, providers })
      this.#told = stuck
      return
    }
    const time = formatMoment(until, now, zone())
    const why = `all providers are cooling down until ${time}`
    stopEarly({ reason: 'limit', why, next: `run the same command again after ${time}; what is done stays done` })
  }
}

function isSameWait(a: Stuck, b: Stuck | undefined): boolean {
  const names = ({ providers }: Stuck) => JSON.stringify([...providers].sort())
  return b !== undefined && a.until === b.until && names(a) === names(b)
}
