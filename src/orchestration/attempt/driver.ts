import { join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import type { AttemptId } from '../../domain/attempt/attempt.js'
import { afterOutcome, type Outcome } from '../../domain/attempt/outcome.js'
import { knownText, mayRepair, type Begun, type Course, type Turn } from '../../domain/attempt/course.js'
import { nextStep, type Step } from '../../domain/attempt/step.js'
import type { End, NoSlot } from '../../domain/attempt/end.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import type { ProviderModel } from '../../domain/agent/provider-model.js'
import { present } from '../../domain/present.js'
import type { Result } from '../../domain/result.js'
import type { Continuation } from '../../domain/run/reconcile.js'
import { inheritedBy, type Inheritance } from '../../domain/run/task-progress.js'
import type { Continued, Harvested } from '../place/isolation.js'
import { attemptDirectory } from '../agent/attempt-files.js'
import { outcomeOfHarvest, gitUnfinished, keepWork, recordHarvest, type Site } from './harvest.js'
import { promptOf } from './prompts.js'
import { refusalsOf, refusedFailure } from './refused.js'
import { withSlotTold } from './tell-slot.js'
import { attemptText, conversationOf, runTurn, shown, type AttemptRequest, type AttemptSettings } from './turn.js'
import type { Conversation, HeldSlot, HeldTurn } from './turn.js'
import { conversationFor, lostBy, startOf } from './turn-start.js'

/** The slots of an attempt: one for its first turn, one more for each further turn. It holds none while it waits. */
export interface AttemptSlots {
  first(): Promise<HeldSlot | NoSlot>
  /** A slot with the same provider and model. */
  again(agent: ProviderModel): Promise<HeldSlot | NoSlot>
}

export interface AttemptParts {
  readonly request: AttemptRequest
  readonly settings: AttemptSettings
  readonly slots: AttemptSlots
  /** Aborted when its task is canceled on its own: nothing of it lands from then on. */
  readonly withdrawn?: AbortSignal
  /** It was interrupted with the run. */
  readonly continuation?: Continuation
}

/** An attempt that has come to its end. */
export interface Driven {
  readonly course: Course
  readonly end: End
}

/**
 * Drives an attempt to its end: carries out the steps of its course and reports how they went. An interrupted attempt
 * is driven like any other, from where it was. Never rejects for anything that can happen in normal life.
 */
export function driveAttempt(parts: AttemptParts, from: Course): Promise<Driven> {
  return new Driver(parts, from.attempt).drive(from)
}

class Driver {
  readonly #parts: AttemptParts
  readonly #id: AttemptId
  #site: Site | undefined
  /** Why there is no place, or why its work is missing. */
  #trouble: Failure = workIsGone
  #slot: HeldSlot | undefined
  #turn: HeldTurn | undefined
  #candidate: Harvested | undefined
  /** The work so far and what others have finished, in the place. */
  #together: Continued | undefined
  /** What its first turn goes on with. */
  #inherited: Inheritance | undefined
  #takenUp: number | undefined
  readonly #wrote = new Set<string>()
  readonly #told: { slot?: string } = {}

  constructor(parts: AttemptParts, attempt: number) {
    this.#parts = parts
    this.#id = { taskId: parts.request.task.id, attempt }
    this.#inherited = parts.request.inherited
  }

  async drive(from: Course): Promise<Driven> {
    try {
      if ('agent' in from && from.state.type !== 'queued') await this.#continueFrom(from)
      for (let course = from; ;) {
        const step = nextStep(course, this.#rules(course))
        if (step.type === 'end') {
          if (this.#site && this.#candidate) keepWork(this.#recorder, this.#id, this.#candidate, step.end)
          return { course, end: step.end }
        }
        course = afterOutcome(course, this.#isCutOff(step) ? withdrawn : await this.#make(step, course))
      }
    } finally {
      this.#site?.place.close()
    }
  }

  get #recorder() {
    return this.#parts.settings.recorder
  }

  #rules(course: Course) {
    const { settings, request } = this.#parts
    return {
      repairRounds: settings.repairRounds,
      isCanceled: settings.signal.aborted,
      isSpent: settings.allowances.usedUpBy(request.task) !== undefined,
      canResume: 'agent' in course && conversationOf(course, settings.findProvider) !== undefined,
    }
  }

  /** A canceled task's agent still ends, and its work is collected. */
  #isCutOff({ type }: Step): boolean {
    return type !== 'begin' && type !== 'work' && type !== 'collect' && this.#parts.withdrawn?.aborted === true
  }

  #make(step: Exclude<Step, { type: 'end' }>, course: Course): Outcome | Promise<Outcome> {
    if (step.type === 'begin') return this.#begin(step.turn, course)
    const site = this.#site
    if (!site || !('agent' in course)) return this.#withoutPlace()
    if (step.type === 'work') return this.#work(site, course)
    if (step.type === 'collect') return this.#collect(site, course, step.failure)
    if (step.type === 'weigh') return this.#weigh(step)
    const candidate = this.#candidate
    if (!candidate) return { type: 'no_place', failure: this.#trouble }
    switch (step.type) {
      case 'judge':
        return this.#judge(site, candidate)
      case 'review':
        return this.#review(site, candidate)
      case 'land':
        return this.#land(site, candidate)
      case 'bring_together':
        return this.#bringTogether(site, candidate)
    }
  }

  /** Waits for a slot, and prepares everything for the turn. */
  async #begin(turn: Turn, course: Course): Promise<Outcome> {
    const { settings, slots } = this.#parts
    const recorder = this.#recorder
    const id = this.#id
    const lost = course.state.type === 'queued' ? course.state.lost : undefined
    const isFirst = !lost && (turn.type === 'begin' || turn.type === 'take_up')
    if (lost) void recorder.record({ type: 'conversation_lost', ...id, ...lostBy(turn) })
    if (!isFirst) void recorder.record({ type: 'task_queued', ...id })
    const slot = await (isFirst || !('agent' in course) ? slots.first() : slots.again(course.agent))
    if ('reason' in slot) return { type: 'no_slot', why: slot }
    this.#slot = slot
    const agent = shown(slot.agent)
    if (isFirst) await this.#arrive(turn, course, agent)
    const conversation = lost ? undefined : conversationFor(turn, course, agent, this.#inherited, settings.findProvider)
    const began = { agent, ...this.#placeFacts(turn, course), ...present({ text: this.#textFor(turn, conversation) }) }
    const directory = attemptDirectory(settings.attemptsDir, id)
    const about = { slot: slot.agent.id, directory, ...present({ goesOnFrom: this.#inherited?.attempt }) }
    // For the journal, a new conversation at the start is the same turn.
    if (!lost || turn.type !== 'begin') void recorder.record(startOf(turn, { ...id, ...about, ...began }))
    if (this.#site) this.#turn = await this.#held(this.#site, turn, course, slot, conversation)
    const inherited = inheritedBy(agent, this.#inherited, began.base)
    return { type: 'turn_began', turn, resumes: conversation !== undefined, ...began, inherited }
  }

  /**
   * The digest of what the agent is told. If it is told nothing about the task, it works by what it was told before.
   */
  #textFor(turn: Turn, conversation: Conversation | undefined): string | undefined {
    const { request, settings } = this.#parts
    const isTold = turn.type === 'begin' || (turn.type === 'take_up' && (turn.reworded || !conversation))
    return isTold ? attemptText(request.task, settings) : undefined
  }

  /** Where the turn works, and from which commit. */
  #placeFacts(turn: Turn, course: Course): { readonly workspace?: string; readonly base?: CommitId } {
    if (!this.#site || turn.type === 'finish') return {}
    const { cwd: workspace, base: first } = this.#site.place.place
    if (turn.type !== 'repair') return { workspace, ...present({ base: this.#together?.base ?? first }) }
    const before = 'agent' in course ? course.base : undefined
    return present({ base: turn.asLeft ? before : this.#together?.base })
  }

  async #held(
    site: Site,
    turn: Turn,
    course: Course,
    slot: HeldSlot,
    resumes: Conversation | undefined,
  ): Promise<HeldTurn> {
    const { request, settings } = this.#parts
    if (turn.type !== 'finish') this.#takenUp = turn.type === 'take_up' ? this.#recorder.state.resumes : undefined
    const prompt = await promptOf(turn, {
      ...{ request, settings, isFresh: !resumes, stands: site.stands, place: site.place },
      ...present({ together: this.#together, inherited: this.#inherited }),
    })
    const round = (turn.type === 'repair' ? turn.round : 'agent' in course && course.round) || undefined
    const finishing = turn.type === 'finish' ? turn.number : undefined
    const standsIn = course.state.type === 'queued' && course.state.lost ? (true as const) : undefined
    const held = present({ resumes, round, finishing, standsIn, takenUp: this.#takenUp })
    return withSlotTold(settings, this.#told, { slot, prompt, ...held })
  }

  /** Opens the place for the first turn, with the work that it continues. */
  async #arrive(turn: Turn, course: Course, agent: ProviderModel): Promise<void> {
    const past = 'agent' in course ? course : undefined
    const conversation = past && conversationOf(past, this.#parts.settings.findProvider)
    const text = this.#textFor(turn, conversation) ?? (past && knownText(past))
    const site = await this.#openSite(agent, text)
    if (!site) return
    const { place, stands } = site
    const work = past ? this.#candidate : this.#inherited?.work
    if (!work || stands || place.place.base === undefined) return
    const together = await place.bringUpToDate(work)
    if (together.ok) this.#together = together.value
    else if (past) this.#leave(site, together.error)
    else this.#beginClean(together.error)
  }

  #beginClean(why: Failure): void {
    const from = this.#inherited?.attempt ?? 0
    void this.#recorder.record({ type: 'work_not_taken_over', taskId: this.#id.taskId, from, failure: why })
    this.#inherited = undefined
  }

  /** Continues with what an agent had finished before the run was interrupted. */
  async #continueFrom(course: Begun): Promise<void> {
    const { agent } = course
    const site = await this.#openSite(agent, knownText(course))
    if (!site) return
    const workspace = site.place.place.cwd
    void this.#recorder.record({ type: 'attempt_resumed', ...this.#id, agent, workspace })
    if (course.state.type === 'collecting' && !site.stands) this.#leave(site, workIsGone)
    else if (course.state.type === 'judging') this.#letGo(site, course)
  }

  async #openSite(agent: ProviderModel, text: string | undefined): Promise<Site | undefined> {
    const { request, settings, continuation } = this.#parts
    const attempt = { id: this.#id, task: request.task, agent, ...present({ text }) }
    const before = continuation && { ...continuation, resumes: this.#recorder.state.resumes }
    const opened = await settings.isolation.open(attempt, before)
    if (!opened.ok) {
      this.#trouble = opened.error
      return undefined
    }
    const { place, stands, candidate } = opened.value
    this.#candidate = candidate
    this.#site = { attempt, place, stands }
    return this.#site
  }

  #leave({ place }: Site, why: Failure): void {
    place.close()
    this.#site = undefined
    this.#trouble = why
  }

  /** If a slot was reserved, its release is a fact of the run, too. */
  async #withoutPlace(): Promise<Outcome> {
    if (this.#slot) {
      this.#slot.release()
      const exit = { type: 'not_started', message: this.#trouble.message } as const
      const about = { ...this.#id, slot: this.#slot.agent.id }
      await this.#recorder.record({ type: 'agent_exited', ...about, exit, durationMs: 0 })
    }
    return { type: 'no_place', failure: this.#trouble }
  }

  async #work({ attempt, place }: Site, course: Begun): Promise<Outcome> {
    if (!this.#turn) throw new Error(`${this.#id.taskId}: no turn was begun`)
    const where = { cwd: place.place.cwd, ...present({ base: course.base }) }
    const ended = await runTurn(attempt, this.#turn, where, this.#parts.settings)
    const { evidence, used, conversation, failure: why } = ended
    for (const path of evidence.wrote) this.#wrote.add(path)
    return { type: 'agent_ended', used, ...present({ sessionId: conversation, failure: why }) }
  }

  async #collect(site: Site, course: Begun, ended: Failure | undefined): Promise<Outcome> {
    const { place, attempt } = site
    const { settings } = this.#parts
    const unfinished = ended ? undefined : await gitUnfinished(place)
    if (unfinished) return { type: 'agent_ended', failure: unfinished }
    // Before others get the place, and after what was in the way is gone.
    const trouble = await place.trouble()
    // What git ignores of it is copied next to the attempt's files.
    const keepIn = join(attemptDirectory(settings.attemptsDir, this.#id), 'ignored')
    const harvest = await place.harvest({ paths: [...this.#wrote], keepIn })
    recordHarvest(this.#recorder, this.#id, harvest, course.base)
    if (harvest.type === 'candidate') this.#candidate = harvest
    if (ended) place.close()
    else this.#letGo(site, course)
    return outcomeOfHarvest(attempt, harvest, { ...settings, ...present({ ended, trouble }) })
  }

  /** Others need workspaces while the gates run. */
  #letGo({ place }: Site, course: Begun): void {
    if (!mayRepair(course, this.#parts.settings)) place.close()
  }

  async #judge({ attempt, place }: Site, candidate: Harvested): Promise<Outcome> {
    const { settings } = this.#parts
    // Before gates and reviews: it goes back in any case.
    const refused = refusedFailure(attempt.agent, refusalsOf(this.#id, settings), settings)
    if (refused) return { type: 'kept_out', failure: refused }
    return settings.reviews.length === 0 ? passed : keptOutUnless(await place.judge(candidate, this.#parts.withdrawn))
  }

  async #review({ attempt, place }: Site, candidate: Harvested): Promise<Outcome> {
    return keptOutUnless(await this.#parts.settings.review(attempt, place, candidate))
  }

  /** Work that ended well before the run was canceled has been paid for: it still lands. */
  async #land({ place }: Site, candidate: Harvested): Promise<Outcome> {
    const landed = await place.land(candidate, this.#parts.withdrawn)
    if (landed.ok) await this.#recorder.record({ type: 'task_integrated', ...this.#id, ...landed.value })
    return keptOutUnless(landed)
  }

  async #weigh({ reason, repair }: Extract<Step, { type: 'weigh' }>): Promise<Outcome> {
    const decision = await this.#parts.settings.base.keptOut(this.#id.taskId, reason, repair)
    return { type: 'weighed', decision }
  }

  async #bringTogether({ place }: Site, candidate: Harvested): Promise<Outcome> {
    const together = await place.bringUpToDate(candidate)
    if (together.ok) {
      this.#together = together.value
      return { type: 'brought_together' }
    }
    void this.#recorder.record({ type: 'repair_forgone', ...this.#id, failure: together.error })
    return { type: 'not_brought_together' }
  }
}

const passed: Outcome = { type: 'passed' }
const withdrawn: Outcome = { type: 'withdrawn' }

function keptOutUnless(result: Result<unknown, Failure>): Outcome {
  return result.ok ? passed : { type: 'kept_out', failure: result.error }
}

const workIsGone = failure(
  'infrastructure',
  "The agent's finished work is not where it was when the run was interrupted.",
)
