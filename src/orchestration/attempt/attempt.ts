import type { Repair } from '../../domain/landing/base.js'
import { consequencesOf, type Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { commandProvider } from '../../domain/routing/routing.js'
import { renderRepair } from '../../prompt/repair.js'
import { attemptText } from './attempt-text.js'
import { feedbackOf } from './feedback.js'
import { finishingTurn, wasCanceled, withGit, type EndedTurn } from './finishing.js'
import { inheritedTurn, takeOver } from './inherited.js'
import { attemptDirectory } from '../agent/attempt-files.js'
import type { Continued, Harvested, OpenPlace, Place } from '../place/isolation.js'
import type { AttemptSlots, Ongoing } from './ongoing.js'
import { blamePlace, land, recordHarvest, recordKept, settle, writtenIn, type TurnEnd } from './settle.js'
import { withSlotTold } from './tell-slot.js'
import {
  conversationAfter,
  mostDiffChars,
  runTurn,
  shown,
  taskPrompt,
  type AttemptRequest,
  type AttemptSettings,
  type Conversation,
  type HeldSlot,
  type Turn,
} from './turn.js'
import type { AttemptOf } from '../attempt-of.js'

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly type: 'done'; readonly how: 'integrated' | 'unchanged' | 'in_place' }
  /** `repaired`: why its work was kept out before each repair round, in order. */
  | { readonly type: 'failed'; readonly failure: Failure; readonly repaired: readonly Failure[] }

/**
 * One attempt: a place, the agent, its work collected and landed; work that is kept out by a gate or a conflict goes back
 * to the same conversation in the same place. Never rejects for what can happen in normal life.
 */
export async function performAttempt(
  request: AttemptRequest,
  settings: AttemptSettings,
  slots: AttemptSlots,
): Promise<AttemptEnd> {
  const { task, attempt, agent } = request
  const { recorder, isolation } = settings
  const text = attemptText(task, settings)
  const of: AttemptOf = { task, attempt, agent, text }
  const { first } = slots
  const opened = await isolation.open(of)
  if (!opened.ok) {
    // The slot was reserved, so that its release is a fact of the run, too.
    await recorder.record({ ...started(request, settings, first, ''), text })
    first.release()
    const exit = { type: 'not_started', message: opened.error.message } as const
    await recorder.record({ type: 'agent_exited', taskId: task.id, attempt, slot: first.agent.id, exit, durationMs: 0 })
    return { type: 'failed', failure: opened.error, repaired: [] }
  }
  const open = opened.value
  const taken = await takeOver(task.id, request.inherited, open, recorder)
  const base = taken?.together?.base ?? open.place.base
  const from = { ...(base === undefined ? {} : { base }), ...(taken ? { goesOnFrom: taken.inherited.attempt } : {}) }
  void recorder.record({ ...started(request, settings, first, open.place.cwd), text, ...from })
  const at: Ongoing = { request, settings, slots, open, of, finishing: { turns: 0 }, wrote: new Set(), told: {} }
  const turn = taken ? await inheritedTurn(at, first, taken) : firstTurn(request, settings, first)
  const beginning = { round: 0, repaired: [], take: () => takeTurn(at, turn, base) }
  return takeTurns(at, beginning).finally(open.close)
}

function firstTurn(request: AttemptRequest, settings: AttemptSettings, slot: HeldSlot): Turn {
  return { slot, round: 0, prompt: taskPrompt(request, settings) }
}

function started(
  { task, attempt, agent }: AttemptRequest,
  { attemptsDir }: AttemptSettings,
  slot: HeldSlot,
  workspace: string,
) {
  return {
    type: 'attempt_started',
    taskId: task.id,
    attempt,
    slot: slot.agent.id,
    agent: shown(agent),
    workspace,
    directory: attemptDirectory(attemptsDir, task.id, attempt),
  } as const
}

/** What an attempt begins with: its first turn, or what it had come to when its run was interrupted. */
export interface Beginning {
  /** The repair round; 0 for none. */
  readonly round: number
  readonly repaired: readonly Failure[]
  readonly take: () => Promise<TakenTurn>
}

/** The first turn and its repairs, until the work has landed or is given up. */
export async function takeTurns(at: Ongoing, { round: first, repaired: before, take }: Beginning): Promise<AttemptEnd> {
  const repaired = [...before]
  let round = first
  let taken = await take()
  let last = taken.candidate
  for (;;) {
    const next = await afterTurn(at, { round }, taken)
    if ('again' in next) {
      taken = { ...taken, end: await next.again() }
      continue
    }
    if (!('turn' in next)) {
      if (last) keepIfNotLanded(at, next.end, last)
      return next.end.type === 'done' ? next.end : { type: 'failed', failure: next.end.failure, repaired }
    }
    if (taken.end.type !== 'done') repaired.push(taken.end.failure)
    round = next.turn.round
    taken = await takeTurn(at, next.turn, next.base)
    last = taken.candidate ?? last
  }
}

function afterTurn(at: Ongoing, turn: Pick<Turn, 'round'>, { end, conversation }: TakenTurn) {
  switch (end.type) {
    case 'kept_out':
      return afterKeptOut(at, turn, end, conversation)
    case 'refused':
      return repair(at, turn, end, conversation)
    case 'done':
    case 'failed':
      return { end }
  }
}

export interface TakenTurn {
  readonly end: TurnEnd
  readonly candidate?: Harvested
  readonly conversation?: Conversation
}

export async function takeTurn(at: Ongoing, wanted: Turn, base: string | undefined): Promise<TakenTurn> {
  const { settings, open, of } = at
  const { turn, agentEnd } = await runToItsEnd(at, wanted, base)
  // Before others get the place, and what was in the way is gone.
  const trouble = await open.trouble()
  const harvest = await open.harvest(writtenIn(at))
  recordHarvest(settings.recorder, of, harvest, base)
  // Others need workspaces, too, while gates take their time.
  if (agentEnd.failure || !mayRepair(at, turn)) open.close()
  const end = blamePlace(await settle(of, open, settings, agentEnd, harvest), trouble)
  const conversation = conversationAfter(agentEnd)
  return {
    end,
    ...(harvest.type === 'candidate' ? { candidate: harvest } : {}),
    ...(conversation ? { conversation } : {}),
  }
}

/** A turn's end is not the end of its work: what it left unfinished is finished by further turns of the conversation. */
async function runToItsEnd(at: Ongoing, wanted: Turn, base: string | undefined): Promise<EndedTurn> {
  let ended = await withGit(at.open, await runOrBeginAgain(at, wanted, base))
  for (;;) {
    const next = await finishingTurn(at, ended)
    if (next === 'canceled') return { ...ended, agentEnd: { ...ended.agentEnd, failure: wasCanceled } }
    if (next === undefined) return ended
    ended = await withGit(at.open, await runOrBeginAgain(at, next, base))
  }
}

/** A conversation that the CLI has lost costs no attempt: an agent that knows nothing of it is told all that is needed. */
async function runOrBeginAgain(at: Ongoing, turn: Turn, base: string | undefined): Promise<EndedTurn> {
  const { request, settings, open, wrote } = at
  const place: Place = { cwd: open.place.cwd, ...(base === undefined ? {} : { base }) }
  const run = async (one: Turn): Promise<EndedTurn> => {
    const told = withSlotTold(at, one)
    const agentEnd = await runTurn(request, told, place, settings)
    agentEnd.evidence.wrote.forEach((path) => wrote.add(path))
    return { turn: told, agentEnd }
  }
  const ended = await run(turn)
  const other = ended.agentEnd.failure?.kind === 'session_lost' ? await turn.afresh?.() : undefined
  return other ? run(other) : ended
}

/** A command cannot be told a reason: what it made goes to the next attempt. */
export function mayRepair({ request, settings }: Ongoing, { round }: Pick<Turn, 'round'>): boolean {
  return round < settings.repairRounds && request.agent.provider !== commandProvider
}

/** A further turn, or the attempt's end. */
type Repaired = { readonly turn: Turn; readonly base: string | undefined } | { readonly end: TurnEnd }

/**
 * What follows when work was kept out. What is the base's fault waits until the base is another one, and is then judged
 * again, or until nobody can go on.
 */
async function afterKeptOut(
  at: Ongoing,
  turn: Pick<Turn, 'round'>,
  keptOut: Extract<TurnEnd, { type: 'kept_out' }>,
  conversation: Conversation | undefined,
): Promise<Repaired | { readonly again: () => Promise<TurnEnd> }> {
  const { settings, of, open } = at
  for (let canRepair = repairOf(at, turn); ; canRepair = 'impossible') {
    const follows = await settings.base.keptOut(of.task.id, keptOut.failure, canRepair)
    if (follows === 'own') return repair(at, turn, keptOut, conversation)
    if (follows === 'canceled') return { end: canceled(keptOut) }
    if (follows === 'judge_again') return { again: () => land(of, open, settings, keptOut.candidate) }
    const waits = { ...keptOut, failure: baseRed(keptOut.failure) }
    if (follows === 'over') return { end: waits }
    const next = await repair(at, turn, waits, conversation)
    if ('turn' in next || (next.end.type === 'kept_out' && next.end.failure.kind === 'canceled')) return next
  }
}

/** Whether there could be a further round, if it should come to that. */
function repairOf(at: Ongoing, turn: Pick<Turn, 'round'>): Repair {
  if (!mayRepair(at, turn)) return 'used_up'
  return at.settings.allowances.usedUpBy(at.request.task) === undefined ? 'possible' : 'impossible'
}

function baseRed({ message, ...more }: Failure): Failure {
  return { ...more, kind: 'base_red', message: `${message} It fails on the base, too: nothing lands before it passes.` }
}

/** The work's own fault may be repaired. */
async function repair(
  at: Ongoing,
  turn: Pick<Turn, 'round'>,
  keptOut: Extract<TurnEnd, { type: 'kept_out' | 'refused' }>,
  conversation: Conversation | undefined,
): Promise<Repaired> {
  const { settings, open } = at
  const { recorder, signal } = settings
  const { task } = at.request
  const { failure: reason } = keptOut
  if (!mayRepair(at, turn) || !consequencesOf(reason.kind).repairable) return { end: keptOut }
  // It is not given up: when the run is resumed it goes on here.
  if (signal.aborted) return { end: canceled(keptOut) }
  if (settings.allowances.usedUpBy(at.request.task) !== undefined) return { end: keptOut }
  const continued: Result<Beneath, Failure> =
    keptOut.type === 'refused' ? asItIs(open) : await open.goOn(keptOut.candidate)
  if (!continued.ok) {
    const text = `${task.id}: no repair round, as the workspace could not be brought up to date: ${continued.error.message}`
    void recorder.record({ type: 'notice', level: 'warning', text })
    return { end: keptOut }
  }
  const round: Round = { number: turn.round + 1, reason, continued: continued.value }
  const next = await beginRound(at, round, conversation)
  if (next === 'aborted') return { end: canceled(keptOut) }
  return typeof next === 'string' ? { end: keptOut } : { base: continued.value.base, turn: next }
}

/** Nothing was changed that others' work could be brought together with. */
function asItIs({ place: { base } }: OpenPlace): Result<Beneath, Failure> {
  const from = base === undefined ? {} : { base }
  return ok({ ...from, conflicts: [], diff: () => Promise.resolve(''), asLeft: true })
}

/** A repair round, whoever does it. */
interface Round {
  readonly number: number
  readonly reason: Failure
  readonly continued: Beneath
}

/** What a round stands on. `asLeft`: nothing was brought together, the place is as the turn before left it. */
type Beneath = Omit<Continued, 'base'> & { readonly base?: string; readonly asLeft?: true }

/** Waits for a slot and makes the round's turn: in its conversation, else with all that there is to know. */
async function beginRound(
  at: Ongoing,
  round: Round,
  conversation: Conversation | undefined,
): Promise<Turn | 'aborted' | 'unservable' | 'stopped'> {
  const { recorder } = at.settings
  const { task, attempt, agent } = at.request
  const { number, reason, continued } = round
  void recorder.record({ type: 'task_queued', taskId: task.id, attempt })
  const slot = await at.slots.again()
  if (typeof slot === 'string') return slot
  const of = { taskId: task.id, attempt, round: number, slot: slot.agent.id }
  const from = continued.base === undefined ? {} : { base: continued.base }
  void recorder.record({ type: 'repair_started', ...of, agent: shown(agent), reason, ...from })
  const prompt = await repairPrompt(at, round, conversation === undefined)
  const turn = { slot, round: number, prompt }
  return conversation ? { ...turn, resumes: conversation, afresh: () => beginAfresh(at, round) } : turn
}

async function beginAfresh(at: Ongoing, round: Round): Promise<Turn | undefined> {
  const text = `${at.request.task.id}: its conversation is not there any more; repair round ${round.number} begins another`
  void at.settings.recorder.record({ type: 'notice', level: 'warning', text })
  const turn = await beginRound(at, round, undefined)
  return typeof turn === 'string' ? undefined : { ...turn, standsIn: true }
}

function canceled(keptOut: Extract<TurnEnd, { type: 'kept_out' | 'refused' }>): TurnEnd {
  return { ...keptOut, failure: wasCanceled }
}

async function repairPrompt(
  { request, settings }: Ongoing,
  { number, reason, continued: { conflicts, note, diff, asLeft } }: Round,
  isFresh: boolean,
): Promise<string> {
  const afresh = isFresh ? { prompt: taskPrompt(request, settings), diff: await diff(mostDiffChars) } : undefined
  return renderRepair({
    taskId: request.task.id,
    round: number,
    rounds: settings.repairRounds,
    reason: feedbackOf(reason),
    conflicts,
    ...(note === undefined ? {} : { note }),
    ...(asLeft ? { asLeft } : {}),
    ...(afresh ? { afresh } : {}),
  })
}

/** Every commit that an agent made is either on the target or kept and named. */
function keepIfNotLanded({ settings, of }: Ongoing, end: TurnEnd, { ref, commit, base }: Harvested): void {
  const why = whyKept(end)
  if (why !== undefined) recordKept(settings.recorder, of, { ref, commit, why }, base)
}

const waitsForBase = 'finished work that waits until the base passes the gates'

function whyKept(end: TurnEnd): string | undefined {
  switch (end.type) {
    case 'kept_out':
      return end.failure.kind === 'base_red' ? waitsForBase : 'work that could not be integrated'
    case 'failed':
    case 'refused':
      return 'the unfinished work of a failed attempt'
    case 'done':
      return end.how === 'integrated' ? undefined : 'work that was taken back in a repair round'
  }
}
