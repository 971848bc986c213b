import { stat } from 'node:fs/promises'
import { msBetween } from '../../domain/clock.js'
import type { AgentEvent } from '../../domain/agent/agent-event.js'
import type { EndReason, ExitStatus } from '../../domain/agent/attempt.js'
import type { Failure } from '../../domain/agent/failure.js'
import { slotNumber, type WorkNumber } from '../../domain/agent/work-number.js'
import { noBaseline } from '../../domain/accounts/counted.js'
import { turnstile } from '../../platform/turnstile.js'
import { isSessionId } from '../../providers/adapter/session-id.js'
import { attemptMark, baseVariable } from '../../providers/environment.js'
import { judgeAgent } from '../../providers/judge.js'
import { explainWithheld } from '../../providers/withheld.js'
import type { AgentEnd, AgentSettings, AgentWork } from './agent-work.js'
import { logFile, writePrompt } from './attempt-files.js'
import type { RunningTurn, TurnRequest } from './contract.js'
import { watchLimits, type LimitWatch } from './limits.js'
import { noLeftovers } from './slot-leftovers.js'
import { idsOf, TurnRecord } from './turn-record.js'
import { commandProvider } from '../../domain/routing/routing.js'

/** Starting a process keeps the event loop standing for some ms. */
const passStart = turnstile()

/**
 * Runs one agent from start to end. `onExit` is called the moment it stops working, which frees the slot; the result
 * comes when all of its output has been read. Never rejects.
 */
export async function runAgent(work: AgentWork, settings: AgentSettings, onExit: () => void): Promise<AgentEnd> {
  const { slot, provider } = work
  const { clock, recorder, signal, watch, leftovers = noLeftovers } = settings
  const where: WorkNumber = { number: slotNumber(slot), taskId: work.taskId }
  const mask = settings.maskAt?.(where) ?? settings.mask
  const env = settings.environmentOf(provider, where)
  const withheld = settings.withheldOf(provider)
  const end = (reason: EndReason) => {
    record.ending(reason)
    turn.end(reason)
  }
  const record = new TurnRecord({ work, settings, mask, withheld, end })
  const { watched } = record
  const freeSlot = (exit: ExitStatus) => {
    onExit()
    const durationMs = msBetween(watched.startedMs, clock.monotonic())
    void recorder.record({ type: 'agent_exited', ...idsOf(work), slot, exit, durationMs })
  }
  watch.started?.(watched)
  await leftovers.over(slot)
  const cannot = await whyNotStarted(work, { ...settings, mask }, env)
  if (cannot) {
    watch.ended?.(watched, cannot)
    freeSlot({ type: 'not_started', message: cannot.message })
    return { evidence: record.evidence, failure: cannot, used: work.usedBefore ?? noBaseline }
  }
  await passStart()
  const turn = settings.runner.turn(requestOf(work, where, { ...env, ...settings.extraEnv }))
  leftovers.began(slot, turn.ended)
  const limits = watchLimits({ limits: work, clock, signal, life: turn.life, evidence: () => record.evidence, end })
  const isSlotHeld = await follow(turn, { work, settings, record, limits, freeSlot })
  const ended = await turn.ended
  const found = explainWithheld(judgeAgent(provider, { ...ended, evidence: record.evidence }), withheld)
  const judged = found && { ...found, log: await printedIn(work) }
  if (isSlotHeld) {
    if (judged) watch.failing?.(watched, judged)
    freeSlot(ended.exit)
  }
  return { ...(await record.finish(ended, judged)), ...conversationFact(work, record) }
}

interface Following {
  readonly work: AgentWork
  readonly settings: Pick<AgentSettings, 'recorder'>
  readonly record: TurnRecord
  readonly limits: LimitWatch
  readonly freeSlot: (exit: ExitStatus) => void
}

/**
 * Follows a turn to the end of its output, and frees its slot at its exit. Says whether the slot is still held: what
 * an agent that has done nothing reports about its start may concern all agents, and must be known before the next one
 * starts.
 */
async function follow(turn: RunningTurn, { work, settings, record, limits, freeSlot }: Following): Promise<boolean> {
  let hasExited = false
  let isSlotHeld = false
  for await (const event of turn.events) {
    switch (event.type) {
      case 'spawned':
        await settings.recorder.record({ type: 'agent_spawned', ...idsOf(work), ...event.process })
        record.hear(chosenConversation(work))
        turn.begin()
        break
      case 'printed':
        limits.printed()
        break
      case 'said':
        record.hear(event.events)
        if (!hasExited) limits.said(event.events)
        break
      case 'exited':
        hasExited = true
        limits.stop()
        isSlotHeld = isMarked(work) && record.hasSaidNothing
        if (!isSlotHeld) freeSlot(event.exit)
    }
  }
  return isSlotHeld
}

/**
 * Looking through all processes costs milliseconds: nothing compared with a model's answer, a lot for a short command.
 */
function isMarked({ provider }: AgentWork): boolean {
  return provider.name !== commandProvider
}

function requestOf(work: AgentWork, where: WorkNumber, env: Readonly<Record<string, string>>): TurnRequest {
  const marked = isMarked(work)
  return {
    provider: work.provider.name,
    assignment: work.assignment,
    where,
    env: { ...env, ...baseVariable(work.base), ...(marked ? { [attemptMark]: work.logDir } : {}) },
    ...(marked ? { mark: attemptMark } : {}),
    ...(work.base === undefined ? {} : { isAlone: true }),
    output: outputOf(work),
  }
}

function outputOf(work: AgentWork): TurnRequest['output'] {
  return { stdout: logFile(work, 'stdout', 'log'), stderr: logFile(work, 'stderr', 'log') }
}

/** The file in which a person finds why it failed: what it complained of, else all that it said. */
async function printedIn(work: AgentWork): Promise<string> {
  const { stdout, stderr } = outputOf(work)
  const complained = await stat(stderr).then(
    ({ size }) => size > 0,
    () => false,
  )
  return complained ? stderr : stdout
}

/** Why the agent can't even start. */
async function whyNotStarted(
  work: AgentWork,
  { mask, checkIn }: AgentSettings,
  env: Readonly<Record<string, string>>,
): Promise<Failure | undefined> {
  const { provider, assignment } = work
  const { request } = assignment
  return provider.refusal(request, env) ?? (await writePrompt(work, mask)) ?? (await checkIn(provider, request.cwd))
}

/** Known from the start, where autopilot chooses it. */
function chosenConversation({ provider, assignment }: AgentWork): readonly AgentEvent[] {
  if (assignment.type !== 'work' || assignment.conversation !== undefined) return []
  const sessionId = provider.conversationOf?.(assignment.request)
  return sessionId === undefined ? [] : [{ type: 'session', sessionId }]
}

/** Its id may come from a stream that an agent wrote. */
function conversationFact({ provider, assignment }: AgentWork, { evidence }: TurnRecord) {
  const resumed = assignment.type === 'work' ? assignment.conversation : undefined
  const conversation = evidence.sessionId ?? resumed
  const continues = provider.resume !== undefined && assignment.type === 'work'
  return continues && conversation !== undefined && isSessionId(conversation) ? { conversation } : {}
}
