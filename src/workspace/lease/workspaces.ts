import { lstat, realpath, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import type { AttemptId } from '../../domain/attempt/attempt.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { safeName } from '../../domain/name.js'
import { err, ok, type Result } from '../../domain/result.js'
import { removeTree as removeDirectory } from '../../platform/processes/remove-tree.js'
import { hasTakenStores } from '../submodules/adopt-submodules.js'
import { arm, setBranch } from '../prepare/arm.js'
import { catchUp, type CaughtUp, type WorkSoFar } from '../repair/catch-up.js'
import { overlaps, type Berths } from './berths.js'
import type { Repository } from '../contract.js'
import { workspaceNumber } from '../home.js'
import { listedPaths, type Furniture } from '../prepare/furniture.js'
import { readNotes } from '../prepare/notes.js'
import { advance, makeWorkspace, renew } from '../prepare/prepare.js'
import { inputsAt } from '../prepare/setup-inputs.js'
import { isSetUpFor } from '../prepare/setup-stands.js'
import { checkInPlace, homeIdentity, indexFileOf, onFileSystem, type Workspace } from '../workspace.js'

export interface WorkspacesOptions extends Furniture {
  readonly repository: Repository
  /** Where they lie. */
  readonly berths: Berths
  readonly runId: string
  /** In a resumed run: the highest number of its workspaces. */
  readonly numberedTo?: number
}

/** A workspace that stays on disk, and why. */
export interface KeptWorkspace {
  readonly root: string
  readonly reason: string
}

/** The run's workspaces: created when needed, reused, each leased to one attempt at a time. */
export interface Workspaces {
  /**
   * A workspace at the commit that belongs to no attempt yet: one that was released, else a new one. `fresh`: a new
   * one wherever an earlier use could show; a released one then makes room for it.
   */
  readonly prepare: (commit: CommitId, how?: { readonly fresh: true }) => Promise<Result<Workspace, Failure>>
  /**
   * Makes sure that this many exist, set up at the commit, for whoever needs them; a failure shows when somebody takes
   * one.
   */
  readonly makeReady: (commit: CommitId, count: number) => Promise<void>
  /**
   * Whether waiting for a workspace in use may save a setup: this many exist, none is free, and what setup makes
   * stays.
   */
  readonly mayAwait: (commit: CommitId, count: number) => Promise<boolean>
  /** Whether setup would run again after each landing. */
  readonly followsTree: (commit: CommitId) => Promise<boolean>
  /** Moves a prepared workspace to another commit. */
  readonly refresh: (workspace: Workspace, commit: CommitId) => Promise<Result<void, Failure>>
  /** Hands a prepared workspace to one attempt, with a fresh `.git`, on the attempt's task branch. */
  readonly lease: (workspace: Workspace, lessee: AttemptId) => Promise<Result<void, Failure>>
  /** Takes over a workspace of the run as the interrupted attempt left it. It is leased to that attempt again. */
  readonly adopt: (root: string, commit: CommitId) => Promise<Result<Workspace, Failure>>
  /** Merges a tip into the workspace of an attempt that continues; see {@link catchUp}. */
  readonly bringUpToDate: (
    workspace: Workspace,
    lessee: AttemptId,
    work: WorkSoFar,
    tip: CommitId,
  ) => Promise<Result<CaughtUp, Failure>>
  /** Takes a workspace back; it may be used again. */
  readonly release: (workspace: Workspace) => void
  /** The workspace's kept files can't be trusted: once it is released, a new one takes its place. */
  readonly distrust: (workspace: Workspace) => void
  /** Like {@link distrust}, for all workspaces. */
  readonly distrustAll: () => void
  /**
   * Leaves a workspace on disk, for a resumed run to adopt (with what is known about it), or for a person to look at.
   * This run doesn't use it again. False if nothing is left of it.
   */
  readonly keep: (workspace: Workspace, reason: string, how?: { readonly adoptable?: boolean }) => Promise<boolean>
  /** Removes unused workspaces to free space on a full disk. */
  readonly removeFree: () => Promise<void>
  /** Ends the run: removes every workspace except the kept ones; returns those, and any that couldn't be removed. */
  readonly removeAll: () => Promise<readonly KeptWorkspace[]>
}

export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  const { repository, berths, runId } = options
  const stateRoot = join(repository.commonDir, 'autopilot', 'workspaces', runId)
  const all: Workspace[] = []
  const kept = new Map<Workspace, string>()
  const standing = new Set<Workspace>()
  let made = options.numberedTo ?? 0
  let making = 0
  /** Workspaces that are being created in advance. */
  const coming: Promise<void>[] = []

  const makeNew = async (commit: CommitId) => {
    making++
    const made = await makeOne(commit).finally(() => making--)
    if (made.ok) all.push(made.value)
    return made
  }

  const makeOne = async (commit: CommitId) => {
    const berth = await berths.take()
    if (!berth.ok) return berth
    const { dir, prefix } = berth.value
    const number = ++made
    const place = { number, root: join(dir, `${prefix}${number}`), stateDir: join(stateRoot, String(number)) }
    const workspace = await makeWorkspace(repository, place, commit, options)
    if (!workspace.ok) await removeTree(berths, place.root, repository)
    return workspace
  }

  const adopt = async (root: string, commit: CommitId) => {
    const found = await onFileSystem('Taking a workspace over', () => findAgain({ berths, stateRoot, root, commit }))
    if (found.ok && found.value) all.push(found.value)
    if (!found.ok) return found
    return found.value ? ok(found.value) : err(failure('collect', notAsItWas))
  }

  const prepare = async (commit: CommitId, how?: { readonly fresh: true }): Promise<Result<Workspace, Failure>> => {
    const mayReuse = how === undefined || !(options.setup ?? listedPaths(options.keep).length)
    for (let used = await takeBest(commit); used; used = await takeBest(commit)) {
      const renewed = mayReuse && !used.isDistrusted ? await renew(repository, used, commit, options) : undefined
      if (renewed?.ok && (await arm(repository, used)).ok) return ok(used)
      await discard(used)
      // The others would probably fail in the same way, and what they keep is expensive.
      if (!mayReuse || (renewed?.ok === false && renewed.error.inSetup)) break
    }
    const awaited = mayReuse ? coming.shift() : undefined
    if (awaited) return awaited.then(() => prepare(commit, how))
    const made = await makeNew(commit)
    if (!made.ok) return made
    const armed = await arm(repository, made.value)
    return armed.ok ? made : armed
  }

  /** Preferably one that is already set up for the commit. */
  const takeBest = async (commit: CommitId): Promise<Workspace | undefined> => {
    const free = all.filter(({ state }) => state === 'free')
    if (free.length < 2 || !options.setup || free.some((one) => one.isDistrusted)) return takeFree(all)
    for (const one of free) {
      if (await isSetUpFor(repository, one, options, commit)) return takeFree([one]) ?? takeBest(commit)
    }
    return takeFree(all)
  }

  const makeReady = async (commit: CommitId, count: number) => {
    const missing = Math.max(0, count - making - all.filter(isThere).length)
    const ready = Array.from({ length: missing }, async () => {
      const made = await makeNew(commit)
      if (made.ok) release(made.value)
    })
    coming.push(...ready)
    await Promise.all(ready)
  }

  const followsTree = async (commit: CommitId) => {
    if (options.keep !== 'auto' || !options.setup) return false
    return (await inputsAt(repository, options, commit)) === 'tree'
  }

  const mayAwait = async (commit: CommitId, count: number) => {
    const there = all.filter(isThere)
    const isPointless = there.length + making < count || !there.some(({ setUp }) => setUp?.survives)
    if (isPointless || (await followsTree(commit))) return false
    return !all.some(({ state }) => state === 'free')
  }

  /** An unusable workspace: removed now, or kept with the reason if removing it isn't safe. */
  const discard = async (workspace: Workspace) => {
    const removed = await remove(berths, workspace, repository)
    if (removed.ok) workspace.state = 'removed'
    else await keep(workspace, removed.error.message)
  }

  const refresh = async (workspace: Workspace, commit: CommitId) => {
    expectState(workspace, 'prepared')
    if (workspace.commit === commit) return ok(undefined)
    const inPlace = checkInPlace(workspace)
    if (!inPlace.ok) return inPlace
    const moved = await advance(repository, workspace, commit, options)
    return moved.ok ? arm(repository, workspace) : moved
  }

  const lease = async (workspace: Workspace, lessee: AttemptId) => {
    expectState(workspace, 'prepared')
    workspace.state = 'leased'
    return setBranch(workspace, branchOf(lessee))
  }

  const bringUpToDate = (workspace: Workspace, lessee: AttemptId, work: WorkSoFar, tip: CommitId) => {
    expectState(workspace, 'leased')
    return catchUp(repository, workspace, work, tip, branchOf(lessee))
  }

  const release = (workspace: Workspace) => {
    expectState(workspace, 'prepared', 'leased')
    workspace.state = 'free'
  }

  const distrust = (workspace: Workspace) => {
    const { kept: listed, setUp } = workspace
    if (listed.length > 0 || (setUp?.survives && setUp.kept.length > 0)) workspace.isDistrusted = true
  }

  const keep: Workspaces['keep'] = async (workspace, reason, { adoptable = false } = {}) => {
    workspace.state = 'kept'
    // Without them, the git of its submodules, with which a person takes the work out, would not work.
    if (adoptable || (await hasTakenStores(workspace))) standing.add(workspace)
    const isThere = await lstat(workspace.root).then(
      () => true,
      () => false,
    )
    if (isThere) kept.set(workspace, reason)
    return isThere
  }

  const removeFree = async () => {
    for (let free = takeFree(all); free; free = takeFree(all)) await discard(free)
  }

  const removeAll = async () => {
    // A disk mostly makes one wait.
    await Promise.all(all.filter(isThere).map(discard))
    // Other workspaces of the run may be there from before it was resumed.
    for (const one of all.filter((one) => !standing.has(one)))
      await rm(one.stateDir, { recursive: true, force: true }).catch(() => undefined)
    await rmdir(stateRoot).catch(() => undefined)
    await berths.leave()
    return [...kept].map(([{ root }, reason]) => ({ root, reason }))
  }

  const distrustAll = () => all.forEach(distrust)

  return {
    ...{ prepare, makeReady, mayAwait, followsTree, refresh, lease, adopt, bringUpToDate, release },
    ...{ distrust, distrustAll, keep, removeFree, removeAll },
  }
}

const notAsItWas = 'Its workspace is not as autopilot left it; autopilot touched nothing in it.'

interface Found {
  readonly berths: Berths
  readonly stateRoot: string
  readonly root: string
  readonly commit: CommitId
}

/** An earlier workspace, if the directory is the same one and autopilot's notes on it are complete. */
async function findAgain({ berths, stateRoot, root, commit }: Found): Promise<Workspace | undefined> {
  const number = workspaceNumber(basename(root))
  if (number === undefined || !(await berths.mayHold(dirname(root)))) return undefined
  const stateDir = join(stateRoot, String(number))
  const notes = await readNotes(stateDir)
  if (!notes) return undefined
  const workspace: Workspace = {
    ...notes,
    number,
    root,
    home: homeIdentity(dirname(root)),
    stateDir,
    commit,
    state: 'leased',
  }
  if (!(await lstat(indexFileOf(workspace)).catch(() => undefined))) return undefined
  // A git that died with autopilot left it; no other git can be running, because this run holds the lock.
  await rm(`${indexFileOf(workspace)}.lock`, { force: true })
  return checkInPlace(workspace).ok ? workspace : undefined
}

/** The task branch. */
function branchOf({ taskId, attempt }: AttemptId): string {
  return `autopilot/${safeName(taskId)}-${attempt}`
}

function isThere({ state }: Workspace): boolean {
  return state !== 'kept' && state !== 'removed'
}

function takeFree(all: readonly Workspace[]): Workspace | undefined {
  const isFree = ({ state }: Workspace) => state === 'free'
  const free = all.find((one) => isFree(one) && one.isDistrusted) ?? all.find(isFree)
  if (free) free.state = 'prepared'
  return free
}

/** A wrong state is a bug of the caller: it would give one workspace to two attempts. */
function expectState({ number, state }: Workspace, ...expected: Workspace['state'][]): void {
  if (!expected.includes(state)) throw new Error(`Workspace ${number} is ${state}, not ${expected.join(' or ')}`)
}

async function remove(berths: Berths, workspace: Workspace, repository: Repository): Promise<Result<void, Failure>> {
  const inPlace = checkInPlace(workspace)
  if (!inPlace.ok) return inPlace
  return removeTree(berths, workspace.root, repository)
}

/**
 * Removes a directory directly in one of the run's, by resolved paths, if it is one and isn't inside the user's tree.
 */
async function removeTree(berths: Berths, root: string, repository: Repository): Promise<Result<void, Failure>> {
  const removed = await onFileSystem('Removing a workspace', async () => {
    const place = await realpath(root)
    const isOwn =
      (await berths.mayHold(dirname(place))) && (await lstat(root)).isDirectory() && !overlaps(place, repository.root)
    if (isOwn) await removeDirectory(place)
    return isOwn
  })
  if (!removed.ok) return removed
  return removed.value ? ok(undefined) : err(failure('infrastructure', `${root} is not safe to remove.`))
}
