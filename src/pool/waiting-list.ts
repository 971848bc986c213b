import type { TaskId } from '../domain/brand.js'
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
  { needsWorkspace, begins = false, providers, model, exactly }: ReservationRequest,
  complexity: Complexity,
): Demand {
  return {
    complexity,
    needsWorkspace,
    begins,
    ...(providers === undefined ? {} : { providers }),
    ...(model === undefined ? {} : { model }),
    ...(exactly === undefined ? {} : { exactly }),
  }
}

/** A reservation that waits for a slot. */
export interface Waiting {
  readonly taskId: TaskId
  readonly rank: Rank
  readonly demand: Demand
  /** Ends the wait without a slot. */
  readonly reject: (error: Error) => void
  /** What p-queue calls to start it; p-queue's own, with its counting of what runs. */
  run?: () => Promise<unknown>
}

/** What waits with one demand, in rank order from `head` on; what stands before has left, see {@link most}. */
interface DemandLine {
  readonly demand: Demand
  readonly list: Waiting[]
  head: number
}

/** So many may leave at the head before the others move up: for each, twenty thousand would take a tenth of a ms and more. */
const most = 256

/**
 * The reservations that wait, in rank order, kept apart by demand: whether something may run is asked once for each
 * demand and not once for each task, so a decision stays cheap with 20,000 waiting tasks.
 */
export class WaitingList {
  readonly #byDemand = new Map<string, DemandLine>()
  #length = 0

  get length(): number {
    return this.#length
  }

  add(waiting: Waiting): void {
    const key = demandKey(waiting.demand)
    let entry = this.#byDemand.get(key)
    if (!entry) this.#byDemand.set(key, (entry = { demand: waiting.demand, list: [], head: 0 }))
    entry.list.splice(insertionIndex(entry, waiting.rank), 0, waiting)
    this.#length++
  }

  /** False when it is not waiting (any more). */
  remove(waiting: Waiting): boolean {
    const entry = this.#byDemand.get(demandKey(waiting.demand))
    const index = entry?.list.indexOf(waiting, entry.head) ?? -1
    if (!entry || index < 0) return false
    if (index > entry.head) entry.list.splice(index, 1)
    else if (++entry.head === most) {
      entry.list.splice(0, most)
      entry.head = 0
    }
    this.#length--
    return true
  }

  /** The first in rank order whose demand `mayRun`. */
  first(mayRun: (demand: Demand) => boolean): Waiting | undefined {
    let best: Waiting | undefined
    for (const { demand, list, head } of this.#byDemand.values()) {
      const first = list[head]
      if (first && (!best || compareRanks(first.rank, best.rank) < 0) && mayRun(demand)) best = first
    }
    return best
  }

  /** What is asked for by anything that waits, each once. */
  demands(): readonly Demand[] {
    return [...this.#byDemand.values()].flatMap(({ demand, list, head }) => (list.length > head ? demand : []))
  }

  /** Everything that waits with a demand of which `which` says so. */
  all(which: (demand: Demand) => boolean): readonly Waiting[] {
    const lines = [...this.#byDemand.values()].filter(({ demand }) => which(demand))
    return lines.flatMap(({ list, head }) => list.slice(head))
  }
}

function demandKey({ providers, model, exactly, complexity, needsWorkspace, begins }: Demand): string {
  return JSON.stringify([providers, model, exactly?.provider, exactly?.model, complexity, needsWorkspace, begins])
}

/** Behind all of equal rank, so that equals keep their order of arrival. */
function insertionIndex({ list, head }: DemandLine, rank: Rank): number {
  return countBefore(list, (other) => compareRanks(other.rank, rank) <= 0, head)
}
