import { cpus } from 'node:os'
import type { TaskId } from '../../domain/brand.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { Clock } from '../../domain/clock.js'
import { present } from '../../domain/present.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { KeptWorkspace, Workspaces } from '../../workspace/lease/workspaces.js'
import type { Attempt } from '../../domain/attempt/attempt.js'
import type { Verifier } from '../../verify/verifier.js'
import type { BaseToWatch, BaseWatch } from '../landing/base-watch.js'
import { createMergeQueue, type MergeQueueParts } from '../landing/merge-queue.js'
import { limit } from '../../platform/limit.js'
import { freshWorkspace, leasedTo } from '../../workspace/lease/fresh-workspace.js'
import type { Isolation, OpenedPlace, InterruptedPlace } from './isolation.js'
import { leasedPlace, type LeaseParts } from './leased-place.js'
import { NeededLandings } from './needed-landings.js'
import { blamed } from './place-trouble.js'
import { reopenPlace } from './reopen-place.js'
import type { RoomWatch } from './room-watch.js'
import { WorkspaceSupply } from './workspace-supply.js'

/** What leased places have from here. */
type OwnParts = 'integrate' | 'tip' | 'branch' | 'step' | 'onStuck' | 'onLanded'

/** How many agent slots a run has; that may change. */
export interface SlotCount {
  readonly count: number
  readonly onChange: (listener: () => void) => void
}

export interface WorkspacedParts extends Omit<LeaseParts, OwnParts>, MergeQueueParts {
  /** As many workspaces are prepared ahead at most. */
  readonly slots: SlotCount
  readonly base: BaseWatch
  readonly verifier: Verifier
  /** Judges a commit of the target's by the gates of everybody. */
  readonly judgeTip: BaseToWatch['judge']
  /** Where gates run. */
  readonly gateWorkspaces: Workspaces
  /** How many of those are made ready for the first gates. */
  readonly gatePlaces: number
  /** How many setups run at once; 0 where there is none. */
  readonly setupJobs: number
  readonly clock: Clock
  /** The ids of the tasks that a task depends on. */
  readonly dependenciesOf: (taskId: TaskId) => readonly TaskId[]
  readonly onPrepared: (change: 1 | -1) => void
  /** How many of the prepared workspaces have not been granted yet. */
  readonly spare: () => number
  readonly onExhausted: (failure: Failure) => void
  readonly onKept: (kept: KeptWorkspace) => void
  readonly room: RoomWatch
  /** Where workspaces lie. */
  readonly directory: string
  /** Nothing is running any more. */
  readonly onClosing: () => Promise<void>
}

/** `--isolation workspace`: a workspace for each attempt, its work collected as a candidate and landed on the target. */
export function workspaced(parts: WorkspacedParts): Isolation {
  return new WorkspaceIsolation(parts)
}

class WorkspaceIsolation implements Isolation {
  readonly kind = 'workspace'
  readonly base?: NonNullable<Isolation['base']>
  readonly #parts: WorkspacedParts
  readonly #lease: LeaseParts
  readonly #supply: WorkspaceSupply
  readonly #needed: NeededLandings
  /** Kept workspaces that a harvest has named, with their task; at the end only the others are still to be told. */
  readonly #told = new Set<string>()
  /** Those of the first gates, which are set up beside those of the first agents. */
  #gatePlaces: Promise<void> | undefined
  /** How many steps of collecting and landing are under way. */
  #busy = 0
  /** How many attempts may still need a place. */
  #expected = 0

  constructor(parts: WorkspacedParts) {
    const { target, room, directory, workspaces, gateWorkspaces } = parts
    this.#parts = parts
    workspaces.onReleased(() => this.#supply.freed())
    this.#needed = new NeededLandings(parts.dependenciesOf)
    if (parts.gates.length > 0) this.base = { tip: target.tip, judge: parts.judgeTip }
    const makeRoom = async () => {
      await Promise.all([workspaces, gateWorkspaces].map((all) => all.removeFree()))
    }
    room.open({ directory, makeRoom })
    // git is bound by processor and disk: more of it at once than cores only takes time from the agents.
    const gits = Math.max(1, cpus().length)
    const collecting = limit(gits)
    this.#lease = {
      ...parts,
      ...{ integrate: createMergeQueue(parts), tip: () => target.tip, branch: target.branch },
      step: (action) => collecting(() => this.#busily(action)),
      onStuck: ({ root }) => this.#told.add(root),
      onLanded: (attempt) => this.#landed(attempt),
    }
    this.#supply = new WorkspaceSupply({
      ...parts,
      ...{ awaitRoom: () => room.look(), jobs: Math.max(gits, parts.setupJobs) },
      ...{ tip: () => target.tip, isBusy: () => this.#busy > 0, slots: () => parts.slots.count },
    })
    parts.slots.onChange(() => this.expect(this.#expected))
  }

  expect(attempts: number): void {
    const { slots, gateWorkspaces, gatePlaces, target } = this.#parts
    this.#expected = attempts
    this.#supply.want(Math.min(slots.count, attempts))
    if (attempts > 0) this.#gatePlaces ??= gateWorkspaces.makeReady(target.tip, gatePlaces)
  }

  async open(attempt: Attempt, interrupted?: InterruptedPlace): Promise<Result<OpenedPlace, Failure>> {
    return interrupted ? this.#lease.step(() => this.#reopen(attempt, interrupted)) : this.#openPrepared(attempt)
  }

  async close(): Promise<void> {
    const { workspaces, gateWorkspaces, verifier, onClosing, onKept } = this.#parts
    await this.#supply.close()
    await this.#gatePlaces
    await verifier.settled()
    await onClosing()
    const kept = await Promise.all([gateWorkspaces, workspaces].map((all) => all.removeAll()))
    for (const workspace of kept.flat()) if (!this.#told.has(workspace.root)) onKept(workspace)
  }

  async #reopen(attempt: Attempt, interrupted: InterruptedPlace): Promise<Result<OpenedPlace, Failure>> {
    const reopened = await reopenPlace(attempt.id, interrupted, this.#parts)
    if (!reopened.ok) return reopened
    const { workspace, past, stands, candidate } = reopened.value
    return ok({ place: leasedPlace(workspace, attempt, this.#lease, past), stands, ...present({ candidate }) })
  }

  async #openPrepared(attempt: Attempt): Promise<Result<OpenedPlace, Failure>> {
    const { target, workspaces } = this.#parts
    const { workspace: ready, landings } = this.#supply.take()
    // What landed in the last moments may be missing, but not what the task depends on.
    const isBehind = landings < this.#needed.by(attempt, this.#supply.landings)
    const fresh = isBehind ? await workspaces.refresh(ready, target.tip) : ok(undefined)
    if (!fresh.ok) workspaces.release(ready)
    const leased = fresh.ok ? await leasedTo(attempt.id, ready, workspaces) : fresh
    // It stood ready for a while, and somebody may have cleared the cache since.
    const again = () => freshWorkspace(workspaces, target.tip, attempt.id)
    const workspace = leased.ok ? leased : await this.#lease.step(again)
    if (!workspace.ok) return err(await blamed(ready, workspace.error))
    return ok({ place: leasedPlace(workspace.value, attempt, this.#lease), stands: false })
  }

  async #busily<Value>(action: () => Promise<Value>): Promise<Value> {
    this.#busy++
    try {
      return await action()
    } finally {
      this.#busy--
      this.#supply.freshen()
    }
  }

  #landed({ task }: Attempt): void {
    const { base, target } = this.#parts
    this.#needed.landed(task.id, this.#supply.landings + 1, base.hasBeenRed)
    this.#supply.landed()
    base.moved(target.tip, true)
  }
}
