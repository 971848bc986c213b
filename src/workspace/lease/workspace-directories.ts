import { lstat, realpath, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { removeTree } from '../../platform/processes/remove-tree.js'
import type { Repository } from '../contract.js'
import { workspaceNumber } from '../home.js'
import type { Furniture } from '../prepare/furniture.js'
import { readNotes } from '../prepare/notes.js'
import { makeWorkspace } from '../prepare/prepare.js'
import { checkInPlace, homeIdentity, indexFileOf, onFileSystem, type Workspace } from '../workspace.js'
import { overlaps, type Berths } from './berths.js'

export interface WorkspacesOptions extends Furniture {
  readonly repository: Repository
  /** Where they lie. */
  readonly berths: Berths
  /** What is known about them is kept under this name. */
  readonly name: string
  /** In a resumed run: the highest number of its workspaces. */
  readonly numberedTo?: number
}

/** The run's workspaces on the disk: each is a directory in a berth, and another one for its trusted state. */
export class WorkspaceDirectories {
  readonly #options: WorkspacesOptions
  readonly #stateRoot: string
  #lastNumber: number

  constructor(options: WorkspacesOptions) {
    this.#options = options
    this.#stateRoot = join(options.repository.commonDir, 'autopilot', 'workspaces', options.name)
    this.#lastNumber = options.numberedTo ?? 0
  }

  /** Makes the workspace with the next number. */
  async make(commit: CommitId): Promise<Result<Workspace, Failure>> {
    const { repository, berths } = this.#options
    const berth = await berths.take()
    if (!berth.ok) return berth
    const { dir, prefix } = berth.value
    const number = ++this.#lastNumber
    const location = { number, root: join(dir, `${prefix}${number}`), stateDir: this.#stateDirOf(number) }
    const workspace = await makeWorkspace(repository, location, commit, this.#options)
    if (!workspace.ok) await this.#removeRoot(location.root)
    return workspace
  }

  /** The workspace that an earlier part of the run made there, if it is as autopilot left it. */
  async findAgain(root: string, commit: CommitId): Promise<Result<Workspace, Failure>> {
    const earlier = await onFileSystem('Taking a workspace over', () => this.#readAgain(root, commit))
    if (!earlier.ok) return earlier
    return earlier.value ? ok(earlier.value) : err(failure('collect', notAsItWas))
  }

  async remove(workspace: Workspace): Promise<Result<void, Failure>> {
    const inPlace = checkInPlace(workspace)
    return inPlace.ok ? this.#removeRoot(workspace.root) : inPlace
  }

  /** Removes the trusted state of these workspaces, and gives back the berths that contain none any more. */
  async leave(workspaces: readonly Workspace[]): Promise<void> {
    for (const { stateDir } of workspaces) await rm(stateDir, { recursive: true, force: true }).catch(() => undefined)
    // Other workspaces of the run may be there from before it was resumed.
    await rmdir(this.#stateRoot).catch(() => undefined)
    await this.#options.berths.leave()
  }

  #stateDirOf(number: number): string {
    return join(this.#stateRoot, String(number))
  }

  /** Undefined unless the directory is the same one and autopilot's notes on it are complete. */
  async #readAgain(root: string, commit: CommitId): Promise<Workspace | undefined> {
    const number = workspaceNumber(basename(root))
    if (number === undefined || !(await this.#options.berths.mayHold(dirname(root)))) return undefined
    const stateDir = this.#stateDirOf(number)
    const notes = await readNotes(stateDir)
    if (!notes) return undefined
    const home = homeIdentity(dirname(root))
    const workspace: Workspace = { ...notes, number, root, home, stateDir, commit, state: 'leased' }
    if (!(await lstat(indexFileOf(workspace)).catch(() => undefined))) return undefined
    // A git that died with autopilot left it; no other git can be running, because this run holds the lock.
    await rm(`${indexFileOf(workspace)}.lock`, { force: true })
    return checkInPlace(workspace).ok ? workspace : undefined
  }

  /**
   * Removes a directory directly in one of the run's, by resolved paths, if it is one and isn't inside the user's tree.
   */
  async #removeRoot(root: string): Promise<Result<void, Failure>> {
    const { repository, berths } = this.#options
    const removed = await onFileSystem('Removing a workspace', async () => {
      const resolved = await realpath(root)
      const isInBerth = await berths.mayHold(dirname(resolved))
      const isOwn = isInBerth && (await lstat(root)).isDirectory() && !overlaps(resolved, repository.root)
      if (isOwn) await removeTree(resolved)
      return isOwn
    })
    if (!removed.ok) return removed
    return removed.value ? ok(undefined) : err(failure('infrastructure', `${root} is not safe to remove.`))
  }
}

const notAsItWas = 'Its workspace is not as autopilot left it; autopilot touched nothing in it.'
