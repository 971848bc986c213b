/**
 * Runs at most `most` of the given steps at once; the others wait in order of arrival. Each is told its job, from 1 to
 * `most`, which no other has at the same time.
 */
export function limit(most: number): <Value>(step: (job: number) => Promise<Value>) => Promise<Value> {
  const waiting: ((job: number) => void)[] = []
  // The lowest is taken first, so that no more are used than are needed.
  const free = Array.from({ length: most }, (_, index) => index + 1)
  return async (step) => {
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
    }
  }
}
