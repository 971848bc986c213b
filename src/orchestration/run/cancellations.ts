import type { TaskId } from '../../domain/brand.js'
import type { HoldReason } from '../../domain/roadmap/hold.js'

/** Why a task is held that somebody has canceled on its own. */
export type CanceledHold = Extract<HoldReason, { type: 'canceled' }>

/** What ends an attempt. */
export interface AttemptSignals {
  /** Aborted by a stop of the run, and when its task is canceled. */
  readonly signal: AbortSignal
  /** Aborted only when its task is canceled. */
  readonly withdrawn: AbortSignal
  /** The attempt is over: nothing ends it any more. */
  readonly close: () => void
}

/** Tasks that somebody has canceled on their own while the run works on. */
export class Cancellations {
  readonly #holds = new Map<TaskId, CanceledHold>()
  readonly #attempts = new Map<TaskId, { readonly signal: AbortSignal; readonly withdraw: () => void }>()
  /** Who waits for something else meanwhile; one at a time for each task. */
  readonly #awaited = new Map<TaskId, () => void>()
  #heed: ((taskId: TaskId, hold: CanceledHold) => void) | undefined

  /** Ends what is under way for the task; the loop holds it. A second call does nothing. */
  cancel(taskId: TaskId, hold: CanceledHold): void {
    if (this.#holds.has(taskId)) return
    this.#holds.set(taskId, hold)
    this.#attempts.get(taskId)?.withdraw()
    this.#awaited.get(taskId)?.()
    this.#heed?.(taskId, hold)
  }

  /** Why the task is held from now on; undefined if nobody has canceled it. */
  holdOf(taskId: TaskId): CanceledHold | undefined {
    return this.#holds.get(taskId)
  }

  /** Resolves when the task is canceled; perhaps never. */
  whenCanceled(taskId: TaskId): Promise<void> {
    if (this.#holds.has(taskId)) return Promise.resolve()
    return new Promise((resolve) => this.#awaited.set(taskId, resolve))
  }

  /** Is told of each canceled task, also of those from before. */
  heed(listener: (taskId: TaskId, hold: CanceledHold) => void): void {
    this.#heed = listener
    for (const [taskId, hold] of this.#holds) listener(taskId, hold)
  }

  /** Nobody heeds it any more. */
  close(): void {
    this.#heed = undefined
  }

  /** The signals of an attempt that begins; `ofRun` ends it, too, for its own reason. */
  attempt(taskId: TaskId, ofRun: AbortSignal): AttemptSignals {
    const [both, withdrawal] = [new AbortController(), new AbortController()]
    const onStop = () => both.abort(ofRun.reason)
    const withdraw = () => {
      withdrawal.abort()
      both.abort()
    }
    ofRun.addEventListener('abort', onStop, { once: true })
    if (ofRun.aborted) onStop()
    if (this.#holds.has(taskId)) withdraw()
    const attempt = { signal: both.signal, withdraw }
    this.#attempts.set(taskId, attempt)
    const close = () => {
      ofRun.removeEventListener('abort', onStop)
      if (this.#attempts.get(taskId) === attempt) this.#attempts.delete(taskId)
    }
    return { signal: both.signal, withdrawn: withdrawal.signal, close }
  }

  /** What ends the task's attempt under way, for what else works for it. */
  signalOf(taskId: TaskId, ofRun: AbortSignal): AbortSignal {
    return this.#attempts.get(taskId)?.signal ?? ofRun
  }
}
