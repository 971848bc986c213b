import type { CommitId, TaskId } from '../brand.js'

/**
 * The base is the commit that work is built on: the target's tip. While it is red (`gates:` fail on it without any
 * work on top), nothing new starts, and nobody pays for what isn't their fault. This decides which work waits, which
 * is repaired all the same, and when no attempt can continue.
 */
export interface Base {
  /** The target's tip. */
  readonly tip: CommitId
  /** For the red tips: the keys of the gates that failed there. */
  readonly red: ReadonlyMap<string, readonly string[]>
  /** The tips that are being judged. */
  readonly judging: ReadonlySet<string>
  /** Some work has passed, so a failure isn't everybody's. */
  readonly passed: boolean
  /** The base was red when last judged: until there is news, nothing starts or continues. */
  readonly cautious: boolean
  readonly atWork: readonly AtWork[]
  /** No attempt can continue: what waits is left for the next run. */
  readonly over: boolean
}

/** An attempt between its start and its end. */
export interface AtWork {
  readonly taskId: TaskId
  readonly attempt: number
  /** Its task's; lower first. */
  readonly priority: number
  /** The position of its task in the file. */
  readonly order: number
  /** Its agent can be told why the work was refused; a command can't. */
  readonly isAgent: boolean
  readonly doing: Doing
}

export type Doing =
  | { readonly type: 'working' }
  /** Its conversation was interrupted with the run, and hasn't continued yet. */
  | { readonly type: 'held_back' }
  /** Gates kept its work out. */
  | { readonly type: 'kept_out'; readonly by: KeptOut; readonly repair: Repair }

/** What kept some work out. */
export interface KeptOut {
  /** The keys of the gates that failed; see `gateKey`. */
  readonly gates: readonly string[]
  /** The commit that the work was based on when it was judged. */
  readonly on: string
}

/** Whether an attempt can have a repair round: its rounds may be used up, or it has no slot or budget for one. */
export type Repair = 'possible' | 'used_up' | 'impossible'

/** What happened. */
export type BaseEvent =
  | { readonly type: 'began'; readonly attempt: AtWork }
  | { readonly type: 'ended'; readonly taskId: TaskId }
  | { readonly type: 'kept_out'; readonly taskId: TaskId; readonly by: KeptOut; readonly repair: Repair }
  /** Its own tree passed; it hasn't landed yet. */
  | { readonly type: 'passed' }
  /** The target moved: to work that passed, or because somebody else moved it. */
  | { readonly type: 'moved'; readonly to: CommitId; readonly passed: boolean }
  /** Judging a tip begins. */
  | { readonly type: 'judging'; readonly tip: CommitId }
  /** Gates failed on it twice. Without gates it isn't red, whatever the reason. */
  | { readonly type: 'judged'; readonly tip: CommitId; readonly red: readonly string[] }
  /** No attempt can continue, see {@link isStuck}. */
  | { readonly type: 'given_up' }

/** What follows for an attempt. */
export type BaseDecision =
  /** It is the work's own fault, and the work continues as refused work does. */
  | 'own'
  /** It may be the base's fault, and the base has changed since. */
  | 'judge_again'
  /** It is the base's fault, and somebody has to fix the base: it keeps its repair rounds. */
  | 'repair'
  /** The run ends; its work waits for the next. */
  | 'over'
  /** Its conversation is taken up. */
  | 'take_up'

export function baseAt(tip: CommitId, cautious: boolean): Base {
  return { tip, red: new Map(), judging: new Set(), passed: false, cautious, atWork: [], over: false }
}

export function afterBaseEvent(base: Base, event: BaseEvent): Base {
  return calm(take(base, event))
}

function take(base: Base, event: BaseEvent): Base {
  switch (event.type) {
    case 'began':
      return { ...base, atWork: [...base.atWork, event.attempt].sort(compareAtWork) }
    case 'ended':
      return { ...base, atWork: base.atWork.filter(({ taskId }) => taskId !== event.taskId) }
    case 'kept_out':
      return doing(base, event.taskId, { type: 'kept_out', by: event.by, repair: event.repair })
    case 'passed':
      return { ...base, passed: true, cautious: false }
    case 'moved': {
      // After a red base, only a verdict shows what somebody else has put there.
      const cautious = !event.passed && (base.cautious || base.red.has(base.tip))
      return { ...base, tip: event.to, passed: event.passed, cautious }
    }
    case 'judging':
      return { ...base, judging: new Set([...base.judging, event.tip]) }
    case 'judged':
      return judged(base, event)
    case 'given_up':
      return { ...base, over: true }
  }
}

function judged(base: Base, { tip, red }: Extract<BaseEvent, { type: 'judged' }>): Base {
  const judging = new Set([...base.judging].filter((one) => one !== tip))
  if (red.length > 0) return { ...base, judging, red: new Map(base.red).set(tip, red) }
  return { ...base, judging, ...(tip === base.tip ? { cautious: false } : {}) }
}

/** Caution is no longer necessary once all waiting work has been judged, and the base too. */
function calm(base: Base): Base {
  if (!base.cautious || !base.red.has(base.tip)) return base
  return base.atWork.some(({ doing: { type } }) => type === 'working') ? base : { ...base, cautious: false }
}

function doing(base: Base, taskId: TaskId, next: Doing): Base {
  return { ...base, atWork: base.atWork.map((work) => (work.taskId === taskId ? { ...work, doing: next } : work)) }
}

/** Total order: the task's priority, then its position in the file. */
function compareAtWork(a: AtWork, b: AtWork): number {
  return a.priority - b.priority || a.order - b.order
}

/** Whether an attempt may begin. */
export function mayBegin({ tip, red, cautious }: Base): boolean {
  return !cautious && !red.has(tip)
}

/** Whether no running attempt can continue before a person has looked at the base; also if none is running. */
export function isStuck(base: Base): boolean {
  if (base.over || base.cautious || !base.red.has(base.tip)) return false
  return base.atWork.every((work) => work.doing.type === 'kept_out' && decisionOn(base, work) === undefined)
}

/** What follows now, and the base after it: an attempt that continues is running again. Whoever isn't named waits. */
export function nextDecisions(base: Base): {
  readonly base: Base
  readonly decisions: ReadonlyMap<TaskId, BaseDecision>
} {
  const decisions = new Map<TaskId, BaseDecision>()
  for (const work of base.atWork) {
    const decision = decisionOn(base, work)
    if (decision !== undefined) decisions.set(work.taskId, decision)
  }
  const atWork = base.atWork.map((work): AtWork =>
    decisions.has(work.taskId) ? { ...work, doing: { type: 'working' } } : work,
  )
  return { base: { ...base, atWork }, decisions }
}

/** Undefined for an attempt that is running, or waits. */
function decisionOn(base: Base, work: AtWork): BaseDecision | undefined {
  switch (work.doing.type) {
    case 'working':
      return undefined
    case 'held_back':
      return base.cautious ? undefined : 'take_up'
    case 'kept_out':
      return keptOutDecision(base, work, work.doing)
  }
}

function keptOutDecision(
  base: Base,
  work: AtWork,
  { by, repair }: Extract<Doing, { type: 'kept_out' }>,
): BaseDecision | undefined {
  const red = base.red.get(by.on)
  const isOpen = red === undefined && base.judging.has(by.on)
  if (!isOpen && (red === undefined || by.gates.some((gate) => !red.includes(gate)))) return 'own'
  if (base.tip !== by.on) return 'judge_again'
  // Once some work has passed, nobody waits for a verdict on the base.
  if (isOpen) return base.passed ? 'own' : undefined
  if (base.over) return 'over'
  return !base.cautious && repair === 'possible' && leaderOf(base) === work ? 'repair' : undefined
}

/** The first in order that could fix the base. When it has used up its rounds, nobody pays another one for the same. */
function leaderOf({ atWork }: Base): AtWork | undefined {
  return atWork.find(
    ({ isAgent, doing: state }) => isAgent && !(state.type === 'kept_out' && state.repair === 'impossible'),
  )
}
