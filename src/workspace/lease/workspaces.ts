import { lstat } from 'node:fs/promises'
import type { CommitId } from '../../domain/brand.js'
import type { Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { hasTakenStores } from '../submodules/adopt-submodules.js'
import { arm, setBranch } from '../prepare/arm.js'
import { catchUp, type CaughtUp, type WatchedCandidate } from '../repair/catch-up.js'
import { listedPaths } from '../prepare/furniture.js'
import { advance, renew } from '../prepare/prepare.js'
import { inputsAt } from '../prepare/setup-inputs.js'
import { isSetUpFor } from '../prepare/setup-stands.js'
import { checkInPlace, type Workspace } from '../workspace.js'
import { branchOf, type Lessee } from './lessee.js'
import { WorkspaceDirectories, type WorkspacesOptions } from './workspace-directories.js'

/** A workspace that stays on disk, and why. */
export interface KeptWorkspace {
  readonly root: string
  readonly reason: string
}

/** How a workspace is prepared. `fresh`: a new one wherever an earlier use could show. */
export interface Preparation {
  readonly fresh: true
}

/** The run's workspaces: created when needed, reused, each leased to one attempt at a time. */
export class Workspaces {
  readonly #options: WorkspacesOptions
  readonly #directories: WorkspaceDirectories
  readonly #all: Workspace[] = []
  readonly #kept = new Map<Workspace, string>()
  /** Kept ones whose trusted state stays, too. */
  readonly #keptWithState = new Set<Workspace>()
  #making = 0
  /** Workspaces that are being created in advance. */
  readonly #coming: Promise<void>[] = []
  #onReleased: () => void = () => undefined

  constructor(options: WorkspacesOptions) {
    this.#options = options
    this.#directories = new WorkspaceDirectories(options)
  }

  /**
   * A workspace at the commit that belongs to no attempt yet: one that was released, else a new one. If it is to be
   * `fresh`, a released one makes room for it.
   */
  async prepare(commit: CommitId, how?: Preparation): Promise<Result<Workspace, Failure>> {
    const { repository, setup, keep } = this.#options
    const mayReuse = how === undefined || !(setup ?? listedPaths(keep).length)
    for (let used = await this.#takeBest(commit); used; used = await this.#takeBest(commit)) {
      const renewed = mayReuse && !used.isDistrusted ? await renew(repository, used, commit, this.#options) : undefined
      if (renewed?.ok && (await arm(repository, used)).ok) return ok(used)
      await this.#discard(used)
      // The others would probably fail in the same way, and what they keep is expensive.
      if (!mayReuse || (renewed?.ok === false && renewed.error.inSetup)) break
    }
    const coming = mayReuse ? this.#coming.shift() : undefined
    if (coming) return coming.then(() => this.prepare(commit, how))
    const made = await this.#make(commit)
    if (!made.ok) return made
    const armed = await arm(repository, made.value)
    return armed.ok ? made : armed
  }

  /**
   * Makes sure that this many exist, set up at the commit, for whoever needs them; a failure shows when somebody takes
   * one.
   */
  async makeReady(commit: CommitId, count: number): Promise<void> {
    const missing = Math.max(0, count - this.#making - this.#there().length)
    const ready = Array.from({ length: missing }, async () => {
      const made = await this.#make(commit)
      if (made.ok) this.release(made.value)
    })
    this.#coming.push(...ready)
    await Promise.all(ready)
  }

  /**
   * Whether waiting for a workspace in use may save a setup: this many exist, none is free, and what setup makes
   * stays.
   */
  async mayAwait(commit: CommitId, count: number): Promise<boolean> {
    const there = this.#there()
    const isPointless = there.length + this.#making < count || !there.some(({ setUp }) => setUp?.survives)
    if (isPointless || (await this.followsTree(commit))) return false
    return !this.#all.some(isFree)
  }

  /** Whether setup would run again after each landing. */
  async followsTree(commit: CommitId): Promise<boolean> {
    const { repository, keep, setup } = this.#options
    if (keep !== 'auto' || !setup) return false
    return (await inputsAt(repository, this.#options, commit)) === 'tree'
  }

  /** Moves a prepared workspace to another commit. */
  async refresh(workspace: Workspace, commit: CommitId): Promise<Result<void, Failure>> {
    const { repository } = this.#options
    expectState(workspace, 'prepared')
    if (workspace.commit === commit) return ok(undefined)
    const inPlace = checkInPlace(workspace)
    if (!inPlace.ok) return inPlace
    const moved = await advance(repository, workspace, commit, this.#options)
    return moved.ok ? arm(repository, workspace) : moved
  }

  /** Hands a prepared workspace to one lessee, with a fresh `.git`, on the lessee's branch. */
  async lease(workspace: Workspace, lessee: Lessee): Promise<Result<void, Failure>> {
    expectState(workspace, 'prepared')
    workspace.state = 'leased'
    return setBranch(workspace, branchOf(lessee))
  }

  /** Takes over a workspace of the run as the interrupted attempt left it. It is leased to that attempt again. */
  async adopt(root: string, commit: CommitId): Promise<Result<Workspace, Failure>> {
    const earlier = await this.#directories.findAgain(root, commit)
    if (earlier.ok) this.#all.push(earlier.value)
    return earlier
  }

  /** Merges a tip into the workspace of an attempt that continues; see {@link catchUp}. */
  async bringUpToDate(
    workspace: Workspace,
    lessee: Lessee,
    work: WatchedCandidate,
    tip: CommitId,
  ): Promise<Result<CaughtUp, Failure>> {
    expectState(workspace, 'leased')
    return catchUp(this.#options.repository, workspace, work, tip, branchOf(lessee))
  }

  /** Takes a workspace back; it may be used again. */
  release(workspace: Workspace): void {
    expectState(workspace, 'prepared', 'leased')
    workspace.state = 'free'
    this.#onReleased()
  }

  /** Called from now on whenever one was released. */
  onReleased(listener: () => void): void {
    this.#onReleased = listener
  }

  /** The workspace's kept files can't be trusted: once it is released, a new one takes its place. */
  distrust(workspace: Workspace): void {
    const { kept, setUp } = workspace
    if (kept.length > 0 || (setUp?.survives && setUp.kept.length > 0)) workspace.isDistrusted = true
  }

  /** Like {@link distrust}, for all workspaces. */
  distrustAll(): void {
    for (const workspace of this.#all) this.distrust(workspace)
  }

  /**
   * Leaves a workspace on disk, for a resumed run to adopt (with what is known about it), or for a person to look at.
   * This run doesn't use it again. False if nothing is left of it.
   */
  async keep(
    workspace: Workspace,
    reason: string,
    { adoptable = false }: { readonly adoptable?: boolean } = {},
  ): Promise<boolean> {
    workspace.state = 'kept'
    // Without its state, the git of its submodules, with which a person takes the work out, would not work.
    if (adoptable || (await hasTakenStores(workspace))) this.#keptWithState.add(workspace)
    const isOnDisk = await lstat(workspace.root).then(
      () => true,
      () => false,
    )
    if (isOnDisk) this.#kept.set(workspace, reason)
    return isOnDisk
  }

  /** Removes unused workspaces to free space on a full disk. */
  async removeFree(): Promise<void> {
    for (let free = takeFree(this.#all); free; free = takeFree(this.#all)) await this.#discard(free)
  }

  /** Ends the run: removes every workspace except the kept ones; returns those, and any that couldn't be removed. */
  async removeAll(): Promise<readonly KeptWorkspace[]> {
    // A disk mostly makes one wait.
    await Promise.all(this.#there().map((workspace) => this.#discard(workspace)))
    await this.#directories.leave(this.#all.filter((workspace) => !this.#keptWithState.has(workspace)))
    return [...this.#kept].map(([{ root }, reason]) => ({ root, reason }))
  }

  async #make(commit: CommitId): Promise<Result<Workspace, Failure>> {
    this.#making++
    const made = await this.#directories.make(commit).finally(() => this.#making--)
    if (made.ok) this.#all.push(made.value)
    return made
  }

  /** Takes a free one, preferably one that is already set up for the commit. */
  async #takeBest(commit: CommitId): Promise<Workspace | undefined> {
    const { repository, setup } = this.#options
    const free = this.#all.filter(isFree)
    if (free.length < 2 || !setup || free.some(({ isDistrusted }) => isDistrusted)) return takeFree(this.#all)
    for (const workspace of free) {
      if (await isSetUpFor(repository, workspace, this.#options, commit))
        return takeFree([workspace]) ?? this.#takeBest(commit)
    }
    return takeFree(this.#all)
  }

  /** An unusable workspace: removed now, or kept with the reason if removing it isn't safe. */
  async #discard(workspace: Workspace): Promise<void> {
    const removed = await this.#directories.remove(workspace)
    if (removed.ok) workspace.state = 'removed'
    else await this.keep(workspace, removed.error.message)
  }

  #there(): readonly Workspace[] {
    return this.#all.filter(({ state }) => state !== 'kept' && state !== 'removed')
  }
}

function isFree({ state }: Workspace): boolean {
  return state === 'free'
}

function takeFree(workspaces: readonly Workspace[]): Workspace | undefined {
  const distrusted = workspaces.find((workspace) => isFree(workspace) && workspace.isDistrusted)
  const free = distrusted ?? workspaces.find(isFree)
  if (free) free.state = 'prepared'
  return free
}

/** A wrong state is a bug of the caller: it would give one workspace to two attempts. */
function expectState({ number, state }: Workspace, ...expected: Workspace['state'][]): void {
  if (!expected.includes(state)) throw new Error(`Workspace ${number} is ${state}, not ${expected.join(' or ')}`)
}
