import type { CommitId } from '../../../src/domain/brand.js'
import { commitId, taskId } from '../brands.js'
import {
  afterBaseEvent,
  baseAt,
  isStuck,
  mayBegin,
  nextDecisions,
  type Base,
  type BaseDecision,
  type BaseEvent,
} from '../../../src/domain/landing/base.js'

/** A task of the game; its place in the list is its place in the file. */
export interface Player {
  readonly priority: number
  readonly isAgent: boolean
  /** Repair rounds that it has. */
  readonly rounds: number
  /** There are slots for its repair rounds. */
  readonly slots: boolean
  /** What each of its turns brings; the last one holds for all further turns. */
  readonly brings: readonly Brought[]
  /** Where it was when the run was resumed: its agent had finished, or its conversation was interrupted. */
  readonly before?: 'finished' | 'interrupted'
}

/**
 * A turn's work: `mends` passes everywhere; `good` passes where the base passes; `bad` fails at a gate of its own, too;
 * `crash`: the agent ends badly, and there is nothing to judge.
 */
export type Brought = 'mends' | 'good' | 'bad' | 'crash'

export interface BaseGameRules {
  readonly players: readonly Player[]
  readonly slots: number
  readonly isRed: boolean
  /** The verdict on the base is known after so many steps. */
  readonly judgedAfter: number
  /** Work that has waited for the base since before the run was resumed. */
  readonly workWaits: boolean
  /** Somebody else moves the target after so many steps, to a tip that is red or not. */
  movedAfter?: number
  readonly movedToRed?: boolean
  /** Whoever may begin does so before anything else. */
  readonly beginFirst?: boolean
  /** Which of those that can do something acts next; any number. */
  readonly choose: (step: number) => number
}

/** The result. Players by their place. */
export interface BasePlayed {
  /** In order. */
  readonly landed: readonly number[]
  /** Their attempt failed by its own fault. */
  readonly failed: readonly number[]
  /** Their work waits for the next run. */
  readonly left: readonly number[]
  /** They never began. */
  readonly notBegun: readonly number[]
  readonly over: boolean
  /** Agent turns of each: the first and its repairs. */
  readonly turns: readonly number[]
  /** Who was repaired for the base's sake, each time. */
  readonly mending: readonly number[]
  /** What was found wrong on the way. */
  readonly wrong: readonly string[]
}

const [baseGate, ownGate] = ['base', 'own']
const maxSteps = 20_000

type Stage =
  | { readonly type: 'queued' }
  | { readonly type: 'held_back' }
  | { readonly type: 'turn' }
  | { readonly type: 'to_judge' }
  | { readonly type: 'waits' }
  | { readonly type: 'ended' }

/** Plays the decisions about the base to their end, against simulated agents, gates and target. */
export function playBase(rules: BaseGameRules): BasePlayed {
  return new BaseGame(rules).play()
}

class BaseGame {
  readonly #rules: BaseGameRules
  #base: Base
  readonly #stages: Stage[]
  readonly #turns: number[]
  readonly #used: number[]
  readonly #redTips = new Set<CommitId>()
  #tips = 0
  readonly #verdictsDue = new Map<CommitId, number>()
  #hasBegun = false
  readonly #end = { landed: [] as number[], failed: [] as number[], left: [] as number[] }
  readonly #mending: number[] = []
  readonly #wrong: string[] = []
  #step = 0

  constructor(rules: BaseGameRules) {
    this.#rules = rules
    const waits = rules.workWaits && rules.players.some(({ before }) => before === 'finished')
    const first = commitId('tip0')
    this.#base = baseAt(first, waits)
    if (rules.isRed) this.#redTips.add(first)
    this.#stages = rules.players.map((): Stage => ({ type: 'queued' }))
    this.#turns = rules.players.map(() => 0)
    this.#used = rules.players.map(() => 0)
  }

  play(): BasePlayed {
    if (this.#base.cautious) this.#judge(this.#base.tip)
    this.#rules.players.forEach(({ before }, id) => {
      if (before !== undefined) this.#begin(id)
    })
    for (; this.#step < maxSteps; this.#step++) {
      this.#pass()
      const able = this.#able()
      const chosen = able[this.#rules.choose(this.#step) % Math.max(1, able.length)]
      if (chosen !== undefined) this.#act(chosen)
      else if (this.#verdictsDue.size === 0) return this.#played()
    }
    throw new Error('the game does not come to an end')
  }

  #played(): BasePlayed {
    const notBegun = this.#stages.flatMap(({ type }, id) => (type === 'queued' ? [id] : []))
    for (const [id, { type }] of this.#stages.entries())
      if (type === 'waits' || type === 'held_back') this.#wrong.push(`${id} waits for ever`)
    if (notBegun.length > 0 && !this.#base.over) this.#wrong.push(`${notBegun.join()} could begin`)
    const { over } = this.#base
    return { ...this.#end, notBegun, over, turns: this.#turns, mending: this.#mending, wrong: this.#wrong }
  }

  /** What happens by itself. */
  #pass(): void {
    const { movedAfter, movedToRed = false } = this.#rules
    if (this.#step === movedAfter) this.#moveByOther(movedToRed)
    for (const [tip, due] of this.#verdictsDue) {
      if (due > this.#step) continue
      this.#verdictsDue.delete(tip)
      this.#learn({ type: 'judged', tip, red: this.#redTips.has(tip) ? [baseGate] : [] })
    }
  }

  /** As the watch does: a tip from outside is judged when there is doubt. */
  #moveByOther(toRed: boolean): void {
    const before = this.#base
    const tip = commitId(`tip${++this.#tips}`)
    if (toRed) this.#redTips.add(tip)
    this.#learn({ type: 'moved', to: tip, passed: false })
    if (before.red.has(before.tip) || (before.judging.has(before.tip) && !before.passed)) this.#judge(tip)
  }

  #judge(tip: CommitId): void {
    this.#hasBegun = true
    this.#verdictsDue.set(tip, this.#step + this.#rules.judgedAfter)
    this.#learn({ type: 'judging', tip })
  }

  #busy(): number {
    return this.#stages.filter(({ type }) => type === 'turn').length
  }

  #canAct(id: number): boolean {
    switch (this.#stages[id]!.type) {
      case 'queued':
        return !this.#base.over && mayBegin(this.#base) && this.#busy() < this.#rules.slots
      case 'turn':
      case 'to_judge':
        return true
      case 'held_back':
      case 'waits':
      case 'ended':
        return false
    }
  }

  #able(): readonly number[] {
    const able = this.#rules.players.map((_, id) => id).filter((id) => this.#canAct(id))
    const mayBeginNow = able.filter((id) => this.#stages[id]!.type === 'queued')
    return this.#rules.beginFirst && mayBeginNow.length > 0 ? mayBeginNow : able
  }

  #act(id: number): void {
    const { type } = this.#stages[id]!
    if (type === 'queued') this.#begin(id)
    else if (type === 'turn') this.#endTurn(id)
    else this.#judgeWork(id)
  }

  #begin(id: number): void {
    const { before, priority, isAgent } = this.#rules.players[id]!
    const stage = before === 'finished' ? 'to_judge' : before === 'interrupted' ? 'held_back' : 'turn'
    this.#stages[id] = { type: stage }
    if (stage === 'turn') this.#turns[id]!++
    if (before === 'finished') this.#turns[id] = 1
    const doing = { type: stage === 'held_back' ? stage : 'working' } as const
    const attempt = { taskId: taskId(String(id)), attempt: 1, priority, order: id, isAgent, doing }
    this.#learn({ type: 'began', attempt })
    if (!this.#hasBegun) this.#judge(this.#base.tip)
  }

  #brought(id: number): Brought {
    const { brings } = this.#rules.players[id]!
    return brings[Math.min(this.#turns[id]!, brings.length) - 1] ?? 'good'
  }

  #endTurn(id: number): void {
    if (this.#brought(id) === 'crash') this.#finish(id, this.#end.failed)
    else this.#stages[id] = { type: 'to_judge' }
  }

  #judgeWork(id: number): void {
    const brought = this.#brought(id)
    const on = this.#base.tip
    const isRedHere = this.#redTips.has(on)
    const gates = [...(isRedHere && brought !== 'mends' ? [baseGate] : []), ...(brought === 'bad' ? [ownGate] : [])]
    if (gates.length === 0) {
      this.#finish(id, this.#end.landed, false)
      this.#learn({ type: 'moved', to: commitId(`tip${++this.#tips}`), passed: true })
      this.#ended(id)
      return
    }
    this.#keptOut(id, gates, on)
  }

  #keptOut(id: number, gates: readonly string[], on: string): void {
    const { rounds } = this.#rules.players[id]!
    this.#stages[id] = { type: 'waits' }
    const repair = this.#used[id]! < rounds ? 'possible' : 'used_up'
    this.#learn({ type: 'kept_out', taskId: taskId(String(id)), by: { gates, on }, repair })
  }

  #finish(id: number, list: number[], told = true): void {
    list.push(id)
    this.#stages[id] = { type: 'ended' }
    if (told) this.#ended(id)
  }

  #ended(id: number): void {
    this.#learn({ type: 'ended', taskId: taskId(String(id)) })
  }

  #learn(event: BaseEvent): void {
    const before = nextDecisions(afterBaseEvent(this.#base, event))
    const waiting = afterBaseEvent(this.#base, event)
    this.#base = before.base
    for (const [taskId, decision] of before.decisions) this.#heed(Number(taskId), decision, waiting)
    if (isStuck(this.#base) && (this.#base.atWork.length > 0 || this.#stages.some(({ type }) => type === 'queued'))) {
      this.#checkStuck()
      this.#learn({ type: 'given_up' })
    }
  }

  #heed(id: number, decision: BaseDecision, at: Base): void {
    const doing = at.atWork.find(({ taskId }) => taskId === String(id))?.doing
    switch (decision) {
      case 'take_up':
        this.#stages[id] = { type: 'turn' }
        this.#turns[id]!++
        return
      case 'judge_again':
        if (doing?.type === 'kept_out' && doing.by.on === at.tip) this.#wrong.push(`${id} is judged again on the same`)
        this.#stages[id] = { type: 'to_judge' }
        return
      case 'over':
        this.#finish(id, this.#end.left)
        return
      case 'own':
        if (doing?.type === 'kept_out') this.#checkOwn(id, doing.by.gates, doing.by.on, at)
        this.#repairOwn(id)
        return
      case 'repair':
        this.#mend(id, at)
        return
    }
  }

  #repairOwn(id: number): void {
    const { rounds, isAgent } = this.#rules.players[id]!
    if (!isAgent || this.#used[id]! >= rounds) {
      this.#finish(id, this.#end.failed)
      return
    }
    this.#used[id]!++
    this.#turns[id]!++
    this.#stages[id] = { type: 'turn' }
  }

  #mend(id: number, at: Base): void {
    const { slots, isAgent, rounds } = this.#rules.players[id]!
    if (!isAgent || this.#used[id]! >= rounds) this.#wrong.push(`${id} is to be repaired and cannot`)
    if (at.cautious) this.#wrong.push(`${id} is repaired before all that waits was judged`)
    const doing = at.atWork.find(({ taskId }) => taskId === String(id))?.doing
    if (!slots) {
      const by = doing?.type === 'kept_out' ? doing.by : { gates: [baseGate], on: at.tip }
      this.#stages[id] = { type: 'waits' }
      this.#learn({ type: 'kept_out', taskId: taskId(String(id)), by, repair: 'impossible' })
      return
    }
    this.#mending.push(id)
    this.#repairOwn(id)
  }

  /** Nobody is blamed for a gate at which the base is known to be red. */
  #checkOwn(id: number, gates: readonly string[], on: string, { red }: Base): void {
    const known = red.get(on)
    if (known && gates.every((gate) => known.includes(gate))) this.#wrong.push(`${id} is blamed for the base`)
  }

  #checkStuck(): void {
    if (this.#busy() > 0 || this.#stages.some(({ type }) => type === 'to_judge' || type === 'held_back'))
      this.#wrong.push('it is over while somebody is at work')
    if (!this.#redTips.has(this.#base.tip)) this.#wrong.push('it is over though the base is not red')
  }
}
