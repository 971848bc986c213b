import type { CommitId } from '../../domain/brand.js'
import type { Failure } from '../../domain/agent/failure.js'
import { msBetween, type Clock } from '../../domain/clock.js'
import { ok } from '../../domain/result.js'
import type { Workspace } from '../../workspace/workspace.js'
import type { Workspaces } from '../../workspace/lease/workspaces.js'
import { limit } from '../../platform/limit.js'

export interface SupplyParts {
  readonly workspaces: Workspaces
  /** The commit at which new work starts. */
  readonly tip: () => CommitId
  /** How many are prepared at once. */
  readonly jobs: number
  /** So many are made without waiting for one that comes back: one for each slot. */
  readonly slots: () => number
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>
  /** So many more (or fewer) workspaces stand ready. */
  readonly onPrepared: (change: 1 | -1) => void
  /** How many of those that stand ready have not been granted to anybody yet. */
  readonly spare: () => number
  /** Whether finished work is being collected or landed: that goes before bringing a prepared workspace up to date. */
  readonly isBusy: () => boolean
  /** Where there is no room on the disk, waits for some; whether it did, and there is some now. */
  readonly awaitRoom: () => Promise<boolean>
  /** Preparing failed so often in a row that waiting any longer is pointless. */
  readonly onExhausted: (failure: Failure) => void
}

/** A workspace that stands ready, and how many landings its commit has in it. */
export interface PreparedWorkspace {
  readonly workspace: Workspace
  readonly landings: number
  /** The number of the landing after which it was left behind, since setup would have had to run again. */
  readonly leftAt?: number
}

const maxFailuresInARow = 3

/**
 * Keeps as many workspaces prepared as may be needed next, so that no slot waits for git. They belong to no task. After
 * a landing they are brought to the target's new tip one at a time, in the background, as long as nothing better is to
 * be done; so the one that is taken may be behind by what landed in the last moments.
 */
export class WorkspaceSupply {
  readonly #parts: SupplyParts
  readonly #job: ReturnType<typeof limit>
  readonly #prepared: PreparedWorkspace[] = []
  #preparing = 0
  #refreshing = false
  #wanted = 0
  #landings = 0
  #failuresInARow = 0
  #closed = false
  /** The longest that preparing one has taken, in ms. */
  #dearest = 0
  /** Those that wait for a workspace to come back, in order. */
  readonly #awaiting: (() => void)[] = []
  readonly #running = new Set<Promise<void>>()

  constructor(parts: SupplyParts) {
    this.#parts = parts
    this.#job = limit(parts.jobs)
  }

  /** How many should stand ready. */
  want(count: number): void {
    this.#wanted = count
    while (!this.#closed && this.#prepared.length + this.#preparing < this.#wanted) {
      this.#preparing++
      this.#run(this.#job(() => this.#prepare()))
    }
  }

  /** Takes a workspace for a reservation that was granted: the one that is least behind. */
  take(): PreparedWorkspace {
    const best = this.#prepared.reduce<PreparedWorkspace | undefined>(
      (freshest, prepared) => (!freshest || prepared.landings > freshest.landings ? prepared : freshest),
      undefined,
    )
    if (!best) throw new Error('a reservation was granted without a prepared workspace')
    this.#prepared.splice(this.#prepared.indexOf(best), 1)
    this.want(this.#wanted)
    return best
  }

  /** The number of landings so far. */
  get landings(): number {
    return this.#landings
  }

  /** The target has a new tip. */
  landed(): void {
    this.#landings++
    this.freshen()
  }

  /** Brings what has fallen behind up to date, unless there is better to do. To be called when that has been done. */
  freshen(): void {
    // What was granted is taken in a moment.
    if (this.#refreshing || this.#closed || this.#parts.isBusy() || this.#parts.spare() <= 0) return
    const isStale = ({ landings, leftAt = 0 }: PreparedWorkspace) => Math.max(landings, leftAt) < this.#landings
    const stale = this.#prepared.find(isStale)
    if (!stale) return
    this.#prepared.splice(this.#prepared.indexOf(stale), 1)
    this.#parts.onPrepared(-1)
    this.#refreshing = true
    this.#preparing++
    this.#run(this.#refresh(stale))
  }

  /** Starts nothing more; resolves when nothing is being prepared any more. */
  async close(): Promise<void> {
    this.#closed = true
    for (const go of this.#awaiting.splice(0)) go()
    await Promise.all(this.#running)
  }

  /** A workspace has come back. */
  freed(): void {
    this.#awaiting.shift()?.()
  }

  #run(work: Promise<void>): void {
    const running = work.finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #refresh(stale: PreparedWorkspace): Promise<void> {
    const { workspace } = stale
    const landings = this.#landings
    const tip = this.#parts.tip()
    // That is worth a setup only to a task that needs what has landed.
    const isLeft = await this.#parts.workspaces.followsTree(tip)
    const moved = isLeft ? ok(undefined) : await this.#parts.workspaces.refresh(workspace, tip)
    this.#refreshing = false
    this.#preparing--
    if (isLeft) this.#add({ ...stale, leftAt: landings })
    else if (moved.ok) this.#add({ workspace, landings })
    else this.#parts.workspaces.release(workspace)
    this.want(this.#wanted)
    this.freshen()
  }

  #add(prepared: PreparedWorkspace): void {
    this.#prepared.push(prepared)
    this.#parts.onPrepared(1)
  }

  /**
   * Waits for a workspace that comes back, which costs no setup, as long as making another has ever taken: so the wait is
   * at most doubled, and a short task's workspace is used again.
   */
  async #awaitOne(): Promise<void> {
    const { workspaces, slots, clock, tip } = this.#parts
    if (!(await workspaces.mayAwait(tip(), slots())) || this.#closed) return
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(this.#dearest, () => {
        this.#awaiting.splice(this.#awaiting.indexOf(resume), 1)
        resolve()
      })
      const resume = () => {
        cancel()
        resolve()
      }
      this.#awaiting.push(resume)
    })
  }

  async #prepare(): Promise<void> {
    await this.#awaitOne()
    const landings = this.#landings
    const began = this.#parts.clock.monotonic()
    const result = this.#closed ? undefined : await this.#parts.workspaces.prepare(this.#parts.tip())
    this.#dearest = Math.max(this.#dearest, msBetween(began, this.#parts.clock.monotonic()))
    this.#preparing--
    if (result === undefined) return
    if (result.ok) {
      this.#failuresInARow = 0
      this.#add({ workspace: result.value, landings })
      return
    }
    // Nothing is wrong with what is wanted.
    if (await this.#parts.awaitRoom()) this.want(this.#wanted)
    else if (++this.#failuresInARow < maxFailuresInARow) this.want(this.#wanted)
    else if (this.#failuresInARow === maxFailuresInARow) this.#parts.onExhausted(result.error)
  }
}
