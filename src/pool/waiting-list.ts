import { countBefore } from '../domain/ordered.js'
import { compareRanks, type Rank } from '../domain/roadmap/schedule.js'
import type { Complexity } from '../domain/roadmap/task.js'
import type { RouteRequest } from '../domain/routing/routing.js'
import type { ReservationRequest } from './contract.js'

/** What a reservation asks for; two requests with equal demands may run in exactly the same places. */
export interface Demand extends RouteRequest {
  /** A prepared workspace must be there before it may start. */
  readonly needsWorkspace: boolean
  /** It begins an attempt. */
  readonly begins: boolean
}

export function demandOf(
  { needsWorkspace, begins = false, provider, model, exactly }: ReservationRequest,
  complexity: Complexity,
): Demand {
  return {
    complexity,
    needsWorkspace,
    begins,
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(exactly === undefined ? {} : { exactly }),
  }
}

/** A reservation that waits for a slot. */
export interface Waiting {
  readonly taskId: string
  readonly rank: Rank
  readonly demand: Demand
  /** Ends the wait without a slot. */
  readonly reject: (error: Error) => void
  /** What p-queue calls to start it; p-queue's own, with its counting of what runs. */
  run?: () => Promise<unknown>
}

/**
 * The reservations that wait, in rank order, kept apart by demand: whether something may run is asked once for each
 * demand and not once for each task, so a decision stays cheap with 20,000 waiting tasks.
 */
export class WaitingList {
  readonly #byDemand = new Map<string, { readonly demand: Demand; readonly list: Waiting[] }>()
  #length = 0

  get length(): number {
    return this.#length
  }

  add(waiting: Waiting): void {
    const key = demandKey(waiting.demand)
    let entry = this.#byDemand.get(key)
    if (!entry) this.#byDemand.set(key, (entry = { demand: waiting.demand, list: [] }))
    entry.list.splice(insertionIndex(entry.list, waiting.rank), 0, waiting)
    this.#length++
  }

  /** False when it is not waiting (any more). */
  remove(waiting: Waiting): boolean {
    const entry = this.#byDemand.get(demandKey(waiting.demand))
    const index = entry?.list.indexOf(waiting) ?? -1
    if (index < 0) return false
    entry?.list.splice(index, 1)
    this.#length--
    return true
  }

  /** The first in rank order whose demand `mayRun`. */
  first(mayRun: (demand: Demand) => boolean): Waiting | undefined {
    let best: Waiting | undefined
    for (const { demand, list } of this.#byDemand.values()) {
      const head = list[0]
      if (head && (!best || compareRanks(head.rank, best.rank) < 0) && mayRun(demand)) best = head
    }
    return best
  }

  /** What is asked for by anything that waits, each once. */
  demands(): readonly Demand[] {
    return [...this.#byDemand.values()].filter(({ list }) => list.length > 0).map(({ demand }) => demand)
  }

  /** Everything that waits with a demand of which `which` says so. */
  all(which: (demand: Demand) => boolean): readonly Waiting[] {
    return [...this.#byDemand.values()].filter(({ demand }) => which(demand)).flatMap(({ list }) => list)
  }
}

function demandKey({ provider, model, exactly, complexity, needsWorkspace, begins }: Demand): string {
  return JSON.stringify([provider, model, exactly?.provider, exactly?.model, complexity, needsWorkspace, begins])
}

/** Behind all of equal rank, so that equals keep their order of arrival. */
function insertionIndex(list: readonly Waiting[], rank: Rank): number {
  return countBefore(list, (other) => compareRanks(other.rank, rank) <= 0)
}
