import { taskId } from '../brands.js'
import { later } from '../../../src/domain/clock.js'
import type { QueueCounts } from '../../../src/domain/run/event.js'
import type { Agent, AgentPool, Stuck } from '../../../src/pool/contract.js'
import { ReservationError } from '../../../src/pool/reservation-error.js'
import type { MakePool } from '../rigs/pools.js'
import {
  choiceFor,
  goesBefore,
  mayContinue,
  mayEverRun,
  mayRunNow,
  stuckOf,
  type Ask,
  type Held,
  type Setup,
  type World,
} from './pool-oracle.js'
import { virtualClock, type VirtualClock } from '../fakes/virtual-clock.js'

/** An ask before the game has named it; the game makes ids unique, and places in the file too. */
export type Draft = Omit<Ask, 'id'>

/** One thing that somebody does to a pool. Indices and counts are taken modulo what there is. */
export type Move =
  | { readonly type: 'reserve'; readonly draft: Draft }
  | { readonly type: 'reserve_aborted'; readonly draft: Draft }
  | { readonly type: 'release'; readonly index: number }
  | { readonly type: 'give_back'; readonly index: number }
  | { readonly type: 'cancel_waiting'; readonly index: number }
  | { readonly type: 'cancel_held'; readonly index: number }
  | { readonly type: 'prepare'; readonly count: number }
  | { readonly type: 'cool_down'; readonly provider: string; readonly ms: number }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'stop'; readonly provider: string }
  | { readonly type: 'add_slot' }
  | { readonly type: 'remove_slot'; readonly index: number }
  | { readonly type: 'keep_leaving_slot'; readonly index: number }
  | { readonly type: 'withdraw'; readonly index: number }
  | { readonly type: 'admit'; readonly provider: string }
  | { readonly type: 'refuse' | 'allow'; readonly provider: string }
  | { readonly type: 'pause'; readonly isPaused: boolean }
  | { readonly type: 'shut' }
  | { readonly type: 'drain' }

interface Reservation {
  readonly ask: Ask
  readonly abort: AbortController
}

type Refusal = ReservationError['reason']

/**
 * A pool and beside it the world as it must be by the rules alone. After each turn, in which any number of moves was
 * made, both must agree on everything: who got which slot and provider, in which order, who was refused, the counts.
 */
export class PoolGame {
  readonly clock: VirtualClock = virtualClock()
  readonly pool: AgentPool
  readonly world: World
  /** What the pool did in this turn, in order. */
  readonly #granted: { readonly ask: Ask; readonly agent: Agent }[] = []
  readonly #refused = new Map<string, Refusal>()
  readonly #mustBeRefused = new Map<string, Refusal>()
  readonly #told: QueueCounts[] = []
  #stuck: Stuck | undefined
  #waiting: Reservation[] = []
  #asked = 0
  #added: number
  /** Slots that the pool says are gone. */
  readonly #gone = new Set<string>()
  readonly #aborts = new Map<string, AbortController>()

  constructor(make: MakePool, setup: Setup) {
    const { usable, chosen, ordered, routes, caps, slots } = setup
    this.#added = slots
    const fresh = {
      stopped: new Set<string>(),
      leaving: new Set<string>(),
      coolingDown: new Map<string, { readonly until: number; probe?: string }>(),
      prepared: 0,
      paused: false,
      refused: new Set<string>(),
    }
    this.world = {
      ...setup,
      slots: Array.from({ length: slots }, (_, place) => `S${place}`),
      held: new Map<string, Held>(),
      ...fresh,
    }
    this.pool = make({ policy: { usable, providers: chosen, ordered, routes }, caps, clock: this.clock })
    this.pool.on('queue:updated', (counts) => this.#told.push(counts))
    this.pool.on('stuck', (stuck) => (this.#stuck = stuck))
    this.pool.on('agent:removed', (id) => this.#gone.add(id))
    this.pool.admitBy(({ provider }) => !this.world.refused.has(provider))
    for (const id of this.world.slots) this.pool.addAgent({ id })
  }

  /** Makes the moves in one turn of the event loop, lets the pool settle, and compares. */
  async turn(moves: readonly Move[]): Promise<void> {
    const before = this.pool.counts
    for (const move of moves) this.#make(move)
    await settled()
    this.#compareGrants()
    this.#compareRefusals()
    this.#compareCounts(before)
    for (const id of this.world.slots) must(!this.#gone.has(id), `${id} is gone, and should not be`)
    this.#compareStuck()
  }

  #compareStuck(): void {
    const asks = this.#waiting.map(({ ask }) => ask)
    const causes = stuckOf(this.world, this.clock.now(), asks)
    const told = this.#stuck
    const said = told?.providers.map((name) =>
      told.until === undefined ? 'refused' : this.world.coolingDown.get(name)?.until,
    )
    must((said ?? []).join() === causes.join(), `stuck by ${causes.join()}, told ${JSON.stringify(told)}`)
    must(told?.until === undefined || told.until === causes[0], `told to cool down until ${told?.until ?? 'ever'}`)
  }

  /** Gives everything back, ends all cool-downs, and continues until nothing may run any more. */
  async finish(): Promise<void> {
    this.world.refused.clear()
    this.pool.reconsider()
    this.clock.advance(1_000_000)
    await this.turn([
      { type: 'prepare', count: 1000 },
      { type: 'pause', isPaused: false },
    ])
    while (this.world.held.size > 0) await this.turn([{ type: 'release', index: 0 }])
    await this.turn(this.#waiting.map(() => ({ type: 'cancel_waiting', index: 0 })))
  }

  #make(move: Move): void {
    const { pool, world, clock } = this
    switch (move.type) {
      case 'reserve':
        this.#reserve(this.#named(move.draft), new AbortController())
        break
      case 'reserve_aborted': {
        const abort = new AbortController()
        abort.abort()
        this.#reserve(this.#named(move.draft), abort)
        break
      }
      case 'release':
        this.#release(pick([...world.held.keys()], move.index))
        break
      case 'give_back':
        this.#giveBack(pick([...world.held.keys()], move.index))
        break
      case 'cancel_waiting':
        this.#cancel(pick(this.#waiting, move.index))
        break
      case 'cancel_held':
        this.#aborts.get(pick([...world.held.values()], move.index)?.ask.id ?? '')?.abort()
        break
      case 'prepare':
        world.prepared = move.count
        pool.setPrepared(move.count)
        break
      case 'cool_down':
        world.coolingDown.set(move.provider, { until: clock.now() + move.ms })
        pool.coolDown(move.provider, later(clock.now(), move.ms))
        break
      case 'admit':
        if ((world.coolingDown.get(move.provider)?.until ?? 0) <= clock.now()) world.coolingDown.delete(move.provider)
        pool.answered(move.provider)
        break
      case 'refuse':
      case 'allow':
        if (move.type === 'refuse') world.refused.add(move.provider)
        else world.refused.delete(move.provider)
        pool.reconsider()
        break
      case 'wait':
        clock.advance(move.ms)
        break
      case 'stop':
        world.stopped.add(move.provider)
        this.#refuseUnservable()
        pool.stopProvider(move.provider)
        break
      case 'add_slot':
        world.slots.push(`S${this.#added++}`)
        pool.addAgent({ id: world.slots.at(-1)! })
        break
      case 'remove_slot':
        this.#remove(pick(world.slots, move.index))
        break
      case 'keep_leaving_slot': {
        const id = pick([...world.leaving], move.index)
        if (id === undefined) break
        world.leaving.delete(id)
        pool.addAgent({ id })
        break
      }
      case 'withdraw': {
        const reservation = pick(this.#waiting, move.index)
        if (!reservation) break
        this.#refuse(reservation, 'aborted')
        pool.withdraw(reservation.ask.id)
        break
      }
      case 'pause':
        world.paused = move.isPaused
        pool.pause(move.isPaused)
        break
      case 'shut':
        world.shut ??= 'unservable'
        this.#refuseUnservable()
        pool.shut('the game is over')
        break
      case 'drain':
        world.shut ??= 'stopped'
        this.#refuseUnservable()
        pool.drain('the game ends early')
        break
    }
  }

  #release(id: string | undefined): void {
    if (id === undefined) return
    this.#letGo(id)
    this.pool.releaseAgent(id)
  }

  /** As for a slot that was granted and on which nothing has begun. */
  #giveBack(id: string | undefined): void {
    if (id === undefined) return
    const { ask, offer } = this.world.held.get(id)!
    this.#letGo(id)
    if (ask.needsWorkspace) this.world.prepared++
    const isGranted = mayContinue(this.world, this.clock.now(), ask, offer)
    must(this.pool.isStillGranted(id) === isGranted, `${id} is ${isGranted ? '' : 'not '}granted still`)
    this.pool.giveBackUnused(id)
  }

  #letGo(id: string): void {
    this.world.held.delete(id)
    if (this.world.leaving.delete(id)) this.world.slots.splice(this.world.slots.indexOf(id), 1)
    for (const coolDown of this.world.coolingDown.values()) if (coolDown.probe === id) delete coolDown.probe
  }

  #remove(id: string | undefined): void {
    if (id === undefined) return
    const { world, pool } = this
    if (world.held.has(id)) world.leaving.add(id)
    else world.slots.splice(world.slots.indexOf(id), 1)
    pool.removeAgent(id)
    must(this.#gone.has(id) === !world.held.has(id), `${id} is ${this.#gone.has(id) ? '' : 'not '}gone at once`)
  }

  #cancel(reservation: Reservation | undefined): void {
    if (!reservation) return
    this.#refuse(reservation, 'aborted')
    reservation.abort.abort()
  }

  #named(draft: Draft): Ask {
    const number = this.#asked++
    return { ...draft, id: taskId(`T${number}`), rank: { ...draft.rank, order: draft.rank.order * 1000 + number } }
  }

  #reserve(ask: Ask, abort: AbortController): void {
    this.#aborts.set(ask.id, abort)
    this.pool.reserveAgent(ask, ask.complexity, { signal: abort.signal }).then(
      (agent) => this.#granted.push({ ask, agent }),
      (error: unknown) => {
        if (!(error instanceof ReservationError)) throw error
        this.#refused.set(ask.id, error.reason)
      },
    )
    if (abort.signal.aborted) this.#mustBeRefused.set(ask.id, 'aborted')
    else if (!mayEverRun(this.world, ask)) this.#mustBeRefused.set(ask.id, this.world.shut ?? 'unservable')
    else this.#waiting.push({ ask, abort })
  }

  #refuse(reservation: Reservation, reason: Refusal): void {
    this.#waiting = this.#waiting.filter((other) => other !== reservation)
    this.#mustBeRefused.set(reservation.ask.id, reason)
  }

  #refuseUnservable(): void {
    for (const one of this.#waiting.filter(({ ask }) => !mayEverRun(this.world, ask)))
      this.#refuse(one, this.world.shut ?? 'unservable')
  }

  /** Follows the grants one by one: each must be the best ranked that may run, with the right provider on a free slot. */
  #compareGrants(): void {
    const { world, clock } = this
    for (const { ask, agent } of this.#granted.splice(0)) {
      const next = this.#nextToRun()
      must(next?.ask.id === ask.id, `${ask.id} got a slot, the next was ${next?.ask.id ?? 'nobody'}`)
      must(!world.held.has(agent.id), `${agent.id} is held twice`)
      const offer = choiceFor(world, clock.now(), ask)
      const { id, ...got } = agent
      must(JSON.stringify(got) === JSON.stringify(offer), `${ask.id}: ${JSON.stringify([got, offer])}`)
      must(world.slots.includes(id) && offer !== undefined, `${id} may not serve ${ask.id}`)
      this.#waiting = this.#waiting.filter((other) => other !== next)
      if (ask.needsWorkspace) world.prepared--
      world.held.set(id, { ask, offer })
      const coolDown = world.coolingDown.get(offer.provider)
      if (coolDown) coolDown.probe = id
    }
    const idleBeside = this.#nextToRun()
    must(idleBeside === undefined, `a slot is idle while ${idleBeside?.ask.id ?? ''} may run on it`)
    must(this.pool.prepared === world.prepared, 'prepared workspaces do not add up')
  }

  #nextToRun(): Reservation | undefined {
    return this.#waiting
      .filter(({ ask }) => mayRunNow(this.world, this.clock.now(), ask))
      .reduce<Reservation | undefined>((a, b) => (a && goesBefore(a.ask.rank, b.ask.rank) ? a : b), undefined)
  }

  #compareRefusals(): void {
    const [did, should] = [this.#refused, this.#mustBeRefused].map((map) => JSON.stringify([...map].sort()))
    must(did === should, `refused ${did ?? ''} instead of ${should ?? ''}`)
    this.#refused.clear()
    this.#mustBeRefused.clear()
  }

  /** One turn is one change: told once when the counts differ from those before, else not at all. */
  #compareCounts(before: QueueCounts): void {
    const busyAgents = this.world.held.size
    const availableAgents = this.world.slots.length - busyAgents
    const counts = JSON.stringify({ queueLength: this.#waiting.length, busyAgents, availableAgents })
    const told = this.#told.splice(0).map((one) => JSON.stringify(one))
    must(JSON.stringify(this.pool.counts) === counts, `counts ${JSON.stringify(this.pool.counts)}, not ${counts}`)
    must(told.join() === (JSON.stringify(before) === counts ? '' : counts), `told ${told.join()} at ${counts}`)
  }
}

/** Past all microtasks: a turn of the event loop, not a span of time. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function pick<Item>(items: readonly Item[], index: number): Item | undefined {
  return items[index % Math.max(1, items.length)]
}

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}
