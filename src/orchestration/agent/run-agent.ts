import { join } from 'node:path'
import {
  agentEventShape,
  subtractUsage,
  tokensOf,
  type AgentEvent,
  type Usage,
} from '../../domain/agent/agent-event.js'
import {
  applyAfterSignal,
  applyAgentEvent,
  isFinal,
  noEvidence,
  saidFailure,
  unfinishedWork,
  type EndReason,
  type Evidence,
  type ExitStatus,
} from '../../domain/agent/attempt.js'
import { isUsedUp, spentOf, type Budget } from '../../domain/accounts/budget.js'
import type { Clock } from '../../domain/clock.js'
import { noBaseline, usageOfAll, type Baseline } from '../../domain/accounts/counted.js'
import type { Numbering } from '../../domain/secrets/env-template.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { maskValue } from '../../domain/secrets/mask-value.js'
import type { Prices } from '../../domain/accounts/price.js'
import type { ProviderModel } from '../../domain/agent/provider-model.js'
import { cleanLine, cleanText, errorText } from '../../domain/text.js'
import { countTurn, type Pricing, type TurnCount, type TurnUse } from '../../domain/accounts/turn-count.js'
import { slotNumber, type WorkNumber } from '../../domain/agent/work-number.js'
import { scheduleUsable } from '../../domain/agent/usable-time.js'
import type { RunningProcess } from '../../platform/processes/running-process.js'
import type { StartProcess } from '../../platform/processes/door.js'
import { processorTimes } from '../../platform/processes/processor-looks.js'
import { withOwnInterpreter } from '../../platform/programs/interpreter.js'
import { noProgram, ownProgram } from '../../platform/programs/own-programs.js'
import { isStopped } from '../../platform/processes/process-identity.js'
import { writePrivateFile } from '../../platform/files/private-file.js'
import type { AgentCommand, Assignment, Provider } from '../../providers/adapter/contract.js'
import { isSessionId } from '../../providers/adapter/session-id.js'
import { commandOf } from '../../providers/command-of.js'
import { baseVariable, type EnvironmentOf } from '../../providers/environment.js'
import { eventReader } from '../../providers/event-reader.js'
import { judgeAgent } from '../../providers/judge.js'
import { explainWithheld, type Withheld } from '../../providers/withheld.js'
import type { AgentWatch, WatchedAgent } from '../agent-watch.js'
import { neverIdle, watchIdle, type IdleWatch } from './idle.js'
import { pricingOf } from '../accounts/pricing.js'
import type { Recorder } from '../recorder.js'
import { refusalLog } from './refusal-log.js'
import { noRest, type SlotRest } from './slot-rest.js'
import { endedEarly } from '../stop-early.js'
import { watchTurnEnd } from './turn-end.js'

/** What is the same for every agent of a run. Times in ms. */
export interface AgentSettings {
  readonly clock: Clock
  readonly recorder: Recorder
  /** The provider of this name; undefined for one that there is not. */
  readonly findProvider: (name: string) => Provider | undefined
  /** Hides secrets in the attempt's files and in what is told of it. */
  readonly mask: Mask
  /** The same for one agent, whose environment may hold what is its task's. */
  readonly maskAt?: (where: WorkNumber) => Mask
  readonly start: StartProcess
  /** What agents of a provider see, before what the CLI itself is to be told. */
  readonly environmentOf: EnvironmentOf
  /** What is set here and they do not see. */
  readonly withheldOf: (provider: Provider) => Withheld
  /** Why the CLI cannot be started in a directory; asked before each agent. */
  readonly checkIn: (provider: Provider, cwd: string) => Promise<Failure | undefined>
  /** From the configuration; it wins over what autopilot tells the CLI. */
  readonly extraEnv: Readonly<Record<string, string>>
  /** What slots have of their own; it is part of what `environmentOf` gives. */
  readonly numbering?: Numbering
  readonly rest?: SlotRest
  readonly signal: AbortSignal
  readonly watch: AgentWatch
  /** For CLIs that do not tell what they cost. */
  readonly prices: Prices
}

/** One agent of an attempt: its first, that of a repair round, or a reviewer of its work. */
export interface AgentWork {
  readonly taskId: string
  readonly attempt: number
  readonly slot: string
  readonly provider: Provider
  readonly assignment: Assignment
  /** The commit that the work is a change of; absent in place. */
  readonly base?: string
  readonly timeoutMs: number
  /** How long it may give no sign of life; 0: for ever. */
  readonly idleTimeoutMs: number
  /** How long what it left in the background may go on after its last result; 0: for ever. */
  readonly backgroundTimeoutMs: number
  /** Directory for its prompt and output. */
  readonly logDir: string
  /** The repair round, counted from 1; absent for the attempt's first agent. */
  readonly round?: number
  /** The how-manieth turn of the attempt it is that finishes what one before left unfinished. */
  readonly finishing?: number
  /** A second agent of the same round. */
  readonly standsIn?: true
  /** The number of the review, counted from 1 within the attempt, where that is its work. */
  readonly review?: number
  /** How often the run was resumed, where it takes up what was interrupted with it. */
  readonly takenUp?: number
  /** What the totals of the conversation that is resumed are compared with. */
  readonly usedBefore?: Baseline
  /** It is ended when it has reported so much. */
  readonly budget?: Budget
}

export interface AgentEnd {
  readonly evidence: Evidence
  /** Why the agent did not end well; judged by exit status and final event together. */
  readonly failure?: Failure
  /** What the conversation's next total is to be compared with. */
  readonly used: Baseline
  /** The id of the conversation that can be gone on with; absent where none can. */
  readonly conversation?: string
}

/** What an agent has between TERM and KILL. */
export const agentGraceMs = 5_000
/** The variable by which an agent's processes are known, wherever they go: the attempt's directory. */
const mark = 'AUTOPILOT_ATTEMPT'
const maxFileBytes = 50 * 1024 * 1024
const longestText = 2_000
const mostLeftovers = 20

/**
 * Runs one agent from start to end. `onExit` is called the moment that its process has ended, which frees the slot;
 * the result comes when all of its output has been read. Never rejects.
 */
export async function runAgent(work: AgentWork, settings: AgentSettings, onExit: () => void): Promise<AgentEnd> {
  const { slot, provider, assignment, review } = work
  const { request } = assignment
  const of = { taskId: work.taskId, attempt: work.attempt, ...(review === undefined ? {} : { review }) }
  const { clock, recorder, signal, watch } = settings
  const { where, mask, rest } = whereOf(work, settings)
  let evidence = noEvidence
  const env = settings.environmentOf(provider, where)
  const began = clock.monotonic()
  const exited = (exit: ExitStatus) => {
    onExit()
    void recorder.record({ type: 'agent_exited', ...of, slot, exit, durationMs: clock.monotonic() - began })
  }
  const hasAnswered = () => evidence.answered
  const watched: WatchedAgent = { ...askedOf(work), taskId: work.taskId, slot, startedMs: began, hasAnswered }
  watch.started?.(watched)
  await rest.over(slot)
  const cannot = await whyNotStarted(work, { ...settings, mask }, env)
  if (cannot) {
    watch.ended?.(watched, cannot)
    exited({ type: 'not_started', message: cannot.message })
    return { evidence: noEvidence, failure: cannot, used: work.usedBefore ?? noBaseline }
  }
  const worthRecording = admission(clock)
  let left: readonly string[] = []
  let isEnding = false
  const endAgent = (reason: EndReason) => {
    if (!isEnding && reason === 'background_timeout') left = unfinishedWork(evidence)
    isEnding = true
    agent.end(reason)
  }
  const turnEnd = watchTurnEnd({
    clock,
    evidence: () => evidence,
    backgroundTimeoutMs: work.backgroundTimeoutMs,
    end: endAgent,
  })
  const complete = refusalLog(provider, permittedWork(assignment))
  const note = (told: AgentEvent) => {
    const event = complete(told)
    if (!event) return
    const hadAnswered = evidence.answered
    const { reported, usage } = evidence
    evidence = isEnding ? applyAfterSignal(evidence, event) : applyAgentEvent(evidence, event)
    if (evidence.answered && !hadAnswered) watch.answered?.(watched)
    const clean = worthRecording(event) ? cleanEvent(maskValue(agentEventShape, event, mask)) : undefined
    if (clean) void recorder.record({ type: 'agent_reported', ...of, event: clean })
    if (evidence.reported !== reported || evidence.usage !== usage) onReported()
    if (event.type === 'result' && event.failure) watch.failing?.(watched, saidFailure(evidence) ?? event.failure)
  }
  const countAs = (count: TurnUse['count'], more: Partial<Pricing> = {}): TurnCount => {
    // A command has no tokens to tell of.
    const answered = evidence.answered && provider.program !== undefined
    const { usage: total, reported, unsettled } = evidence
    const pricing = { ...pricingOf(provider.name, modelOf(), settings), ...more }
    return countTurn({ total, reported, unsettled, answered, count }, work.usedBefore ?? noBaseline, pricing)
  }
  const modelOf = () => evidence.model ?? request.model
  const mayRecordUse = atMost(mostUses)
  const onReported = () => {
    const counted = countAs('unseen')
    if (mayRecordUse()) void recorder.record({ type: 'agent_used', ...of, ...factsOf(work, counted) })
    watch.used?.(watched, newlyUsed(counted))
    // By what is known of it: a CLI that tells its cost holds its ceiling itself. What ends by itself need not be ended.
    const certain = countAs('unseen', { byRate: () => undefined })
    if (!isFinal(evidence) && isUsedUp(work.budget ?? {}, spentOf(newlyUsed(certain)))) endAgent('budget')
  }
  const reader = eventReader(provider)
  const withheld = settings.withheldOf(provider)
  const explained = (event: AgentEvent) => explainEvent(event, withheld)
  let hasPrinted = false
  const read = (line: string) => {
    hasPrinted = true
    const events = reader.read(line).map(explained)
    events.forEach(note)
    turnEnd.heard(events)
  }
  const command = ownCommandOf(provider, assignment, env)
  // Looking through all processes costs milliseconds: nothing beside a model's answer, much beside a short command.
  const marked = provider.program !== undefined
  const idle = idleWatch(work, clock, () => agent, endAgent)
  const agent = settings.start({
    ...command,
    cwd: request.cwd,
    env: {
      ...command.env,
      ...env,
      ...settings.extraEnv,
      ...baseVariable(work.base),
      ...(marked ? { [mark]: work.logDir } : {}),
    },
    ...(marked ? { mark } : {}),
    stdoutFile: logFile(work, 'stdout', 'log'),
    stderrFile: logFile(work, 'stderr', 'log'),
    maxFileBytes,
    mask,
    graceMs: agentGraceMs,
    onStdoutLine: read,
    onOutput: idle.heard,
    ...(provider.wantedLines === undefined ? {} : { wantedLines: provider.wantedLines }),
    ...(provider.finalEvent === 'exit' ? { onStderrLine: read } : {}),
    onSpawned: (process) => recorder.record({ type: 'agent_spawned', ...of, ...process }),
  })
  rest.began(slot, agent.finished)
  const standsStill = () => isStopped(agent.pid ?? 0)
  const cancelTimeout = scheduleUsable(work.timeoutMs, () => endAgent('timeout'), { clock, isStopped: standsStill })
  const onAbort = () => {
    const hasSucceeded = isFinal(evidence) && !evidence.result?.failure
    if (signal.reason !== endedEarly || !hasSucceeded) endAgent('canceled')
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  const judge = async () => {
    const end = await agent.finished
    reader.end().map(explained).forEach(note)
    return explainWithheld(judgeAgent(provider, { ...end, evidence, hasPrinted }), withheld)
  }
  const exit = await agent.exited
  cancelTimeout()
  idle.stop()
  // What it says of its start may hold for all: known before its slot is free for the next.
  const early = marked && hasSaidNothing(evidence) ? await judge() : undefined
  if (early) watch.failing?.(watched, early)
  exited(exit)
  const judged = early ?? (await judge())
  signal.removeEventListener('abort', onAbort)
  turnEnd.stop()
  recordLeftovers(recorder, of, [...left, ...((await agent.finished).leftovers ?? [])])
  const counted = countAs(isSaved(exit) ? 'saved' : 'lost')
  // Waited for: what has been paid for must not be asked for again after a crash.
  await recorder.record({
    type: 'agent_finished',
    ...of,
    ...factsOf(work, counted),
    ...streamFacts(modelOf(), evidence.reported),
    ...lastWords(evidence, mask),
    ...failureFact(judged),
  })
  watch.counted?.(watched, counted)
  watch.ended?.(watched, judged)
  return { evidence, used: counted.after, ...conversationFact(work, evidence), ...failureFact(judged) }
}

/** What its slot has of its own, and what hides the secrets in that. */
function whereOf({ slot, taskId }: AgentWork, { maskAt, mask, rest = noRest }: AgentSettings) {
  const where: WorkNumber = { number: slotNumber(slot), taskId }
  return { where, mask: maskAt?.(where) ?? mask, rest }
}

/** What was ended with an agent, or behind it. */
function recordLeftovers(
  recorder: Recorder,
  of: { readonly taskId: string; readonly attempt: number },
  left: readonly string[],
): void {
  const what = left.slice(0, mostLeftovers).map((one) => cleanLine(one))
  if (what.length > 0) void recorder.record({ type: 'leftovers_ended', ...of, what })
}

/** Provider and model as they were asked for. */
function askedOf({
  provider: { name },
  assignment: {
    request: { model },
  },
}: AgentWork): ProviderModel {
  return { provider: name, ...(model === undefined ? {} : { model }) }
}

/** With its CLI, and what that is a script for: never those that a workspace has on its PATH. */
function ownCommandOf(provider: Provider, assignment: Assignment, env: Readonly<Record<string, string>>): AgentCommand {
  const command = commandOf(provider, assignment)
  if (!provider.program) return command
  return withOwnInterpreter({ ...command, file: ownProgram(command.file, env.PATH) ?? noProgram }, env.PATH)
}

/** Why the agent cannot even be started. */
async function whyNotStarted(
  work: AgentWork,
  { mask, checkIn }: AgentSettings,
  env: Readonly<Record<string, string>>,
): Promise<Failure | undefined> {
  const { provider, assignment } = work
  const { request } = assignment
  return provider.refusal(request, env) ?? (await writePrompt(work, mask)) ?? (await checkIn(provider, request.cwd))
}

/** A reviewer's permissions are no matter of `allow:`. */
function permittedWork(assignment: Assignment) {
  return assignment.type === 'work' ? assignment.request : undefined
}

function hasSaidNothing({ result, answered }: Evidence): boolean {
  return !result && !answered
}

function explainEvent(event: AgentEvent, withheld: Withheld): AgentEvent {
  if (event.type !== 'result' || !event.failure) return event
  return { ...event, failure: explainWithheld(event.failure, withheld) }
}

function idleWatch(
  { idleTimeoutMs }: AgentWork,
  clock: Clock,
  agent: () => RunningProcess,
  end: (reason: EndReason) => void,
): IdleWatch {
  if (idleTimeoutMs === 0) return neverIdle
  return watchIdle({
    idleMs: idleTimeoutMs,
    clock,
    processorTimes: (maxAgeMs) => processorTimes(agent().pid ?? 0, maxAgeMs),
    isStopped: () => isStopped(agent().pid ?? 0),
    onIdle: () => end('idle_timeout'),
  })
}

function lastWords({ sessionId, finalText }: Evidence, mask: Mask) {
  const text = cleanText(mask.text(finalText)).slice(0, longestText)
  return { text, ...(sessionId === undefined ? {} : { sessionId: cleanLine(sessionId) }) }
}

/** Its id may be of a stream that an agent has written to. */
function conversationFact({ provider, assignment }: AgentWork, { sessionId }: Evidence) {
  const before = assignment.type === 'work' ? assignment.conversation : undefined
  const conversation = sessionId ?? before
  const canGoOn = provider.resume !== undefined && assignment.type === 'work'
  return canGoOn && conversation !== undefined && isSessionId(conversation) ? { conversation } : {}
}

function failureFact(judged: Failure | undefined) {
  return judged ? { failure: judged } : {}
}

/** By what the rate of its model is learned. */
function streamFacts(model: string | undefined, streamed: Usage) {
  return {
    ...(model === undefined ? {} : { model: cleanLine(model, 100) }),
    ...(tokensOf(streamed) > 0 ? { streamed } : {}),
  }
}

/** Without what was counted before for earlier turns. */
function newlyUsed({ usage, replaces = [] }: TurnCount): Usage {
  return subtractUsage(usage, usageOfAll(replaces))
}

/** A CLI saves what it has counted for its conversation when it ends, not when it is killed (128 + 9 behind a shell). */
function isSaved(exit: ExitStatus): boolean {
  return exit.type === 'code' && exit.code !== 137
}

/** What the journal keeps of a count; a review's conversation does not go on. */
function factsOf({ provider, review }: AgentWork, { after, ...counted }: TurnCount) {
  const goesOn = provider.resume !== undefined && review === undefined
  return { provider: provider.name, ...counted, ...(goesOn ? { after } : {}) }
}

/** Keeps what the agent is told, and the schema of its answer where one is asked for. A command stands in the roadmap. */
async function writePrompt(work: AgentWork, mask: Mask): Promise<Failure | undefined> {
  try {
    const { type, request } = work.assignment
    const isCommand = type === 'work' && request.run !== undefined
    if (!isCommand) await writePrivateFile(logFile(work, 'prompt', 'md'), mask.text(request.prompt))
    if (type === 'review') await writePrivateFile(request.answer.file, request.answer.schema)
    return undefined
  } catch (error) {
    const reason = errorText(error)
    return failure('infrastructure', `The attempt's directory cannot be written: ${cleanLine(reason)}`)
  }
}

/**
 * `prompt.md` of the first agent, `prompt-2.md` of the first repair round, `review-1-prompt.md` of the first review, and
 * so on; `-resume1` behind that for what was taken up when the run was first resumed, `-finish1` for the first turn that
 * finishes what was left unfinished.
 */
function logFile(
  { logDir, round, standsIn, review, takenUp, finishing }: AgentWork,
  name: string,
  extension: string,
): string {
  if (review !== undefined) return join(logDir, `review-${review}-${name}.${extension}`)
  const number = round === undefined ? '' : `-${round + 1}`
  const again = takenUp === undefined ? '' : `-resume${takenUp}`
  const finish = finishing === undefined ? '' : `-finish${finishing}`
  return join(logDir, `${name}${number}${again}${finish}${standsIn ? '-afresh' : ''}.${extension}`)
}

const textPauseMs = 250
const mostEvents = 5_000
const mostRefusals = 20_000
const mostUses = 20_000

function atMost(count: number): () => boolean {
  let left = count
  return () => left-- > 0
}

/**
 * Which events of an attempt become events of the run: text at most four times a second, and so many in all, so that
 * an agent that prints 200 MB does not fill the journal. Refusals are counted apart: what they tell is not to be lost
 * behind much else. Evidence is taken from all of them.
 */
function admission(clock: Clock): (event: AgentEvent) => boolean {
  let textAfter = Number.NEGATIVE_INFINITY
  let left = mostEvents
  let refusalsLeft = mostRefusals
  return ({ type }) => {
    if (type === 'result' || type === 'session') return true
    if (type === 'denied') return refusalsLeft-- > 0
    // It is not told, so that it must not use up what others may.
    if (type === 'background') return false
    if (type === 'text') {
      const now = clock.monotonic()
      if (now < textAfter) return false
      textAfter = now + textPauseMs
    }
    return left-- > 0
  }
}

/** The event as it goes into the journal and to reporters: clean, and short. Raw output is in the attempt's files. */
function cleanEvent(event: AgentEvent): AgentEvent | undefined {
  switch (event.type) {
    case 'unknown':
    case 'usage':
    case 'background':
      return undefined
    case 'text':
      return { type: 'text', text: cleanText(event.text).slice(0, longestText) }
    case 'tool': {
      const { target } = event
      return {
        type: 'tool',
        name: cleanLine(event.name),
        ...(target === undefined ? {} : { target: cleanLine(target) }),
      }
    }
    case 'denied': {
      const { type, tool, message, target, allow } = event
      return {
        ...{ type, tool: cleanLine(tool), message: cleanLine(message) },
        ...(target === undefined ? {} : { target: cleanLine(target) }),
        ...(allow === undefined ? {} : { allow: cleanLine(allow, longestText) }),
      }
    }
    case 'retrying':
      return { type: 'retrying', message: cleanLine(event.message) }
    case 'result': {
      // Without what it answered to a schema, which becomes an event of its own.
      const { type, failure: failed, text, usage, turns } = event
      return {
        type,
        ...(failed === undefined ? {} : { failure: failed }),
        ...(text === undefined ? {} : { text: cleanText(text).slice(0, longestText) }),
        ...(usage === undefined ? {} : { usage }),
        ...(turns === undefined ? {} : { turns }),
      }
    }
    case 'session':
    case 'tool_ended':
    case 'limit':
      return event
  }
}
