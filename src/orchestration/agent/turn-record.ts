import { agentEventShape, tokensOf, type AgentEvent } from '../../domain/agent/agent-event.js'
import {
  applyAfterSignal,
  applyAgentEvent,
  noEvidence,
  saidFailure,
  unfinishedWork,
  type EndReason,
  type Evidence,
} from '../../domain/agent/attempt.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { maskValue } from '../../domain/secrets/mask-value.js'
import { cleanLine, cleanText } from '../../domain/text.js'
import type { Assignment } from '../../providers/adapter/contract.js'
import { explainWithheld, type Withheld } from '../../providers/withheld.js'
import type { WatchedAgent } from '../agent-watch.js'
import type { AgentEnd, AgentSettings, AgentWork } from './agent-work.js'
import type { AgentExit } from './contract.js'
import { refusalLog } from './refusal-log.js'
import { admission, cleanEvent, longestText } from './reported-event.js'
import { newlyUsed, TurnMeter } from './turn-meter.js'

export interface TurnRecordParts {
  readonly work: AgentWork
  readonly settings: AgentSettings
  readonly mask: Mask
  readonly withheld: Withheld
  /** Has the turn ended. */
  readonly end: (reason: EndReason) => void
}

const maxLeftovers = 20

/** Turns what an agent reports into evidence, events of the run, and a count of its usage. */
export class TurnRecord {
  readonly #parts: TurnRecordParts
  readonly #meter: TurnMeter
  readonly #complete: (event: AgentEvent) => AgentEvent | undefined
  readonly #isWorthRecording: (event: AgentEvent) => boolean
  readonly watched: WatchedAgent
  #evidence = noEvidence
  #isEnding = false
  /** Background work that ends with the turn. */
  #cutOff: readonly string[] = []

  constructor(parts: TurnRecordParts) {
    this.#parts = parts
    const { work, settings } = parts
    const { provider, assignment, taskId, slot } = work
    const { model } = assignment.request
    this.#meter = new TurnMeter(work, settings)
    this.#complete = refusalLog(provider, permittedWork(assignment))
    this.#isWorthRecording = admission(settings.clock)
    this.watched = {
      ...{ provider: provider.name, ...(model === undefined ? {} : { model }) },
      ...{ taskId, slot, startedMs: settings.clock.monotonic() },
      hasAnswered: () => this.#evidence.answered,
    }
  }

  get evidence(): Evidence {
    return this.#evidence
  }

  get hasSaidNothing(): boolean {
    return !this.#evidence.result && !this.#evidence.answered
  }

  /** From now on autopilot is ending it: what it says about its success doesn't count. */
  ending(reason: EndReason): void {
    if (!this.#isEnding && reason === 'background_timeout') this.#cutOff = unfinishedWork(this.#evidence)
    this.#isEnding = true
  }

  hear(events: readonly AgentEvent[]): void {
    for (const told of events) {
      const event = this.#complete(explainEvent(told, this.#parts.withheld))
      if (event) this.#take(event)
    }
  }

  /** Awaited: after a crash, paid work must not be requested again. */
  async finish({ exit, leftovers = [] }: AgentExit, failed: Failure | undefined): Promise<AgentEnd> {
    const { work, settings, mask } = this.#parts
    const { recorder, watch } = settings
    const evidence = this.#evidence
    const what = [...this.#cutOff, ...leftovers].slice(0, maxLeftovers).map((one) => cleanLine(one))
    if (what.length > 0) void recorder.record({ type: 'leftovers_ended', ...idsOf(work), what })
    const counted = this.#meter.total(evidence, exit)
    const failure = failed ? { failure: failed } : {}
    const recorded = recorder.record({
      type: 'agent_finished',
      ...idsOf(work),
      ...this.#meter.facts(counted),
      ...streamFacts(evidence, work.assignment),
      ...lastWords(evidence, mask),
      ...failure,
    })
    // At once: from here on the run's own count includes it, and an agent that starts now must not find it counted
    // twice.
    watch.counted?.(this.watched, counted)
    await recorded
    watch.ended?.(this.watched, failed)
    return { evidence, used: counted.after, ...failure }
  }

  #take(event: AgentEvent): void {
    const { work, settings, mask } = this.#parts
    const { recorder, watch } = settings
    const earlier = this.#evidence
    this.#evidence = this.#isEnding ? applyAfterSignal(earlier, event) : applyAgentEvent(earlier, event)
    const { answered, reported, usage } = this.#evidence
    if (answered && !earlier.answered) watch.answered?.(this.watched)
    const isNew = !isSameSession(earlier, event)
    const clean =
      isNew && this.#isWorthRecording(event) ? cleanEvent(maskValue(agentEventShape, event, mask)) : undefined
    if (clean) void recorder.record({ type: 'agent_reported', ...idsOf(work), event: clean })
    if (reported !== earlier.reported || usage !== earlier.usage) this.#tellUse()
    if (event.type === 'result' && event.failure)
      watch.failing?.(this.watched, saidFailure(this.#evidence) ?? event.failure)
  }

  #tellUse(): void {
    const { work, settings, end } = this.#parts
    const counted = this.#meter.sofar(this.#evidence)
    if (this.#meter.mayRecord())
      void settings.recorder.record({ type: 'agent_used', ...idsOf(work), ...this.#meter.facts(counted) })
    settings.watch.used?.(this.watched, newlyUsed(counted))
    if (this.#meter.isUsedUp(this.#evidence)) end('budget')
  }
}

/** By what events name the agent. */
export function idsOf({ taskId, attempt, review }: AgentWork) {
  return { taskId, attempt, ...(review === undefined ? {} : { review }) }
}

/** Some CLIs name the session with each step. */
function isSameSession({ sessionId, result }: Evidence, event: AgentEvent): boolean {
  return event.type === 'session' && event.sessionId === sessionId && result === undefined
}

function explainEvent(event: AgentEvent, withheld: Withheld): AgentEvent {
  if (event.type !== 'result' || !event.failure) return event
  return { ...event, failure: explainWithheld(event.failure, withheld) }
}

/** `allow:` doesn't apply to a reviewer's permissions. */
function permittedWork(assignment: Assignment) {
  return assignment.type === 'work' ? assignment.request : undefined
}

function lastWords({ sessionId, finalText }: Evidence, mask: Mask) {
  const text = cleanText(mask.text(finalText)).slice(0, longestText)
  return { text, ...(sessionId === undefined ? {} : { sessionId: cleanLine(sessionId) }) }
}

/** The usage from which the rate of its model is learned. */
function streamFacts({ model: told, reported }: Evidence, { request }: Assignment) {
  const model = told ?? request.model
  return {
    ...(model === undefined ? {} : { model: cleanLine(model, 100) }),
    ...(tokensOf(reported) > 0 ? { streamed: reported } : {}),
  }
}
