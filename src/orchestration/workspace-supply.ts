import type { Failure } from '../domain/failure.js'
import type { Workspace } from '../workspace/workspace.js'
import type { Workspaces } from '../workspace/workspaces.js'
import { limit } from './limit.js'

export interface SupplyParts {
  readonly workspaces: Workspaces
  /** The commit at which new work starts. */
  readonly tip: () => string
  /** How many are prepared at once. */
  readonly jobs: number
  /** One more workspace stands ready. */
  readonly onPrepared: () => void
  /** Preparing failed so often in a row that waiting any longer is pointless. */
  readonly onExhausted: (failure: Failure) => void
}

const mostFailuresInARow = 3

/**
 * Keeps as many workspaces prepared as may be needed next, so that no slot waits for git. They belong to no task; a
 * prepared one may have fallen behind the target's tip, and whoever takes it brings it up to date.
 */
export class WorkspaceSupply {
  readonly #parts: SupplyParts
  readonly #job: ReturnType<typeof limit>
  readonly #prepared: Workspace[] = []
  #preparing = 0
  #wanted = 0
  #failuresInARow = 0
  #closed = false
  readonly #running = new Set<Promise<void>>()

  constructor(parts: SupplyParts) {
    this.#parts = parts
    this.#job = limit(parts.jobs)
  }

  /** How many should stand ready. */
  want(count: number): void {
    this.#wanted = count
    while (!this.#closed && this.#prepared.length + this.#preparing < this.#wanted) this.#start()
  }

  /** Takes the workspace that a reservation was granted on. */
  take(): Workspace {
    const workspace = this.#prepared.pop()
    if (!workspace) throw new Error('a reservation was granted without a prepared workspace')
    this.want(this.#wanted)
    return workspace
  }

  /** Starts nothing more; resolves when nothing is being prepared any more. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#running)
  }

  #start(): void {
    this.#preparing++
    const running = this.#job(() => this.#prepare()).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #prepare(): Promise<void> {
    const result = this.#closed ? undefined : await this.#parts.workspaces.prepare(this.#parts.tip())
    this.#preparing--
    if (result === undefined) return
    if (result.ok) {
      this.#failuresInARow = 0
      this.#prepared.push(result.value)
      this.#parts.onPrepared()
      return
    }
    if (++this.#failuresInARow < mostFailuresInARow) this.want(this.#wanted)
    else if (this.#failuresInARow === mostFailuresInARow) this.#parts.onExhausted(result.error)
  }
}
