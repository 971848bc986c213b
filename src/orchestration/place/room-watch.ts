import type { Clock } from '../../domain/clock.js'
import { lacksRoom } from '../../platform/files/full-disk.js'
import type { AgentPool } from '../../pool/contract.js'
import { formatDiskFull } from '../../ui/told.js'
import type { Recorder } from '../recorder.js'
import type { StopEarly } from '../stop-early.js'

export interface RoomWatchParts {
  readonly clock: Clock
  readonly recorder: Pick<Recorder, 'record'>
  readonly pool: Pick<AgentPool, 'pause'>
  readonly stopEarly: StopEarly
  /** A run that nobody watches stops instead. */
  readonly waits: boolean
  readonly signal: AbortSignal
  /** Whether there is no room; a test may say. */
  readonly isFull?: (directory: string) => Promise<boolean>
}

/** The disk that is looked at. */
export interface WatchedDisk {
  /** A directory on it. */
  readonly directory: string
  /** Gives back what nobody needs there. */
  readonly makeRoom: () => Promise<void>
}

/** How often a full disk is looked at, ms; that costs nothing. */
const lookEveryMs = 1_000

/** Lets nothing start while the disk under the workspaces is full: each agent would only fail, and be paid. */
export class RoomWatch {
  readonly #parts: RoomWatchParts
  #disk: WatchedDisk | undefined
  #waiting: Promise<boolean> | undefined
  #isClosed = false
  #wake: () => void = () => undefined

  constructor(parts: RoomWatchParts) {
    this.#parts = parts
    parts.signal.addEventListener('abort', () => this.close(), { once: true })
  }

  open(disk: WatchedDisk): void {
    this.#disk = disk
  }

  /**
   * Checks, and if the disk is full waits until it isn't. Says whether it waited and there is space now: then a failed
   * step may be tried again.
   */
  look(): Promise<boolean> {
    this.#waiting ??= this.#wait().finally(() => (this.#waiting = undefined))
    return this.#waiting
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  async #wait(): Promise<boolean> {
    const { pool, recorder, waits, stopEarly } = this.#parts
    const disk = this.#disk
    if (!disk || !(await this.#isFull(disk))) return false
    const { directory } = disk
    if (!waits) {
      stopEarly({
        reason: 'disk',
        why: formatDiskFull(directory),
        next: 'Free some space there, then run autopilot resume.',
      })
      return false
    }
    pool.pause(true, 'room')
    void recorder.record({ type: 'disk_filled', directory })
    do {
      await disk.makeRoom()
      await this.#pause()
      if (this.#isClosed) return false
    } while (await this.#isFull(disk))
    void recorder.record({ type: 'disk_freed', directory })
    pool.pause(false, 'room')
    return true
  }

  async #isFull({ directory }: WatchedDisk): Promise<boolean> {
    if (this.#isClosed) return false
    return (this.#parts.isFull ?? lacksRoom)(directory)
  }

  #pause(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.schedule(lookEveryMs, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}
