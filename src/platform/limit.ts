export interface Limit {
  <Value>(step: (job: number) => Promise<Value>): Promise<Value>
  /** Undefined where a step could begin at once; otherwise resolves when the next one ends. */
  readonly whenFree: () => Promise<void> | undefined
}

/**
 * Runs at most `most` of the given steps at once; the others wait in order of arrival. Each is told its job, from 1 to
 * `most`, which no other has at the same time.
 */
export function limit(most: number): Limit {
  const waiting: ((job: number) => void)[] = []
  // The lowest is taken first, so that no more are used than are needed.
  const free = Array.from({ length: most }, (_, index) => index + 1)
  let onEnd: (() => void)[] = []
  const whenFree = () => (free.length > 0 ? undefined : new Promise<void>((resolve) => onEnd.push(resolve)))
  const limited = async <Value>(step: (job: number) => Promise<Value>): Promise<Value> => {
    const job = free.shift() ?? (await new Promise<number>((resolve) => waiting.push(resolve)))
    try {
      return await step(job)
    } finally {
      const next = waiting.shift()
      if (next) next(job)
      else {
        free.push(job)
        free.sort((a, b) => a - b)
      }
      for (const resolve of onEnd) resolve()
      onEnd = []
    }
  }
  return Object.assign(limited, { whenFree })
}
