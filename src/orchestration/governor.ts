import type { Clock } from '../domain/clock.js'
import type { Failure, FailureKind } from '../domain/failure.js'
import { decideWait, endedWell, judgeAccount, noTrouble, type Trouble, type WaitPolicy } from '../domain/governor.js'
import { commandProvider } from '../domain/routing.js'
import { formatMoment } from '../domain/wall-time.js'
import type { AgentPool, Stuck } from '../pool/agent-pool.js'
import type { AgentWatch, WatchedAgent } from './agent-watch.js'
import type { Recorder } from './recorder.js'
import type { StopEarly } from './stop-early.js'

export interface GovernorParts {
  readonly clock: Clock
  readonly recorder: Recorder
  readonly pool: AgentPool
  readonly wait: WaitPolicy
  readonly stopEarly: StopEarly
  /** From 0 to 1, for backing off; not for secrets. */
  readonly random: () => number
  /** Time zone of the machine, for times that a CLI gives without one. */
  readonly zone: string
}

/**
 * Watches over the accounts: one that is limited rests, one that is of no use is stopped, and when all rest that what
 * waits may use, the run waits or stops. Each provider has one account.
 */
export class Governor implements AgentWatch {
  readonly #parts: GovernorParts
  readonly #troubles = new Map<string, Trouble>()
  /** Why each rests, or last did. */
  readonly #restsFor = new Map<string, FailureKind>()
  /** Monotonic ms since which no agent has been answered while all accounts rest. */
  #waitingSince: number | undefined

  constructor(parts: GovernorParts) {
    this.#parts = parts
    parts.pool.on('stuck', (stuck) => this.#onStuck(stuck))
  }

  answered({ provider }: WatchedAgent): void {
    this.#waitingSince = undefined
    this.#parts.pool.admit(provider)
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
    if (provider === commandProvider || recorder.state.providers.get(provider)?.stopped) return
    const [now, nowMs] = [clock.now(), clock.monotonic()]
    const at = { now, nowMs, startedMs, answered: agent.hasAnswered(), ended, jitter: random(), zone }
    const { trouble, verdict } = judgeAccount(this.#troubleOf(provider), { failure, ...at })
    this.#troubles.set(provider, trouble)
    if (verdict.type === 'rest') {
      this.#restsFor.set(provider, failure.kind)
      void recorder.record({ type: 'provider_cooled_down', provider, until: verdict.until, failure })
      pool.coolDown(provider, verdict.until)
    } else if (verdict.type === 'stop') {
      void recorder.record({ type: 'provider_stopped', provider, failure: verdict.failure })
      pool.stopProvider(provider)
    }
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
    const kind = this.#restsFor.get(providers[0] ?? '') ?? 'rate_limit'
    const decision = decideWait(wait, { kind, sinceMs: this.#waitingSince, untilMs: nowMs + until - now })
    if (decision === 'wait') {
      void recorder.record({ type: 'run_waiting', until, providers })
      return
    }
    const time = formatMoment(until, now, zone)
    const why = `all providers are limited until ${time}`
    stopEarly({ reason: 'limit', why, next: `run the same again after ${time}; what is done stays done` })
  }
}
