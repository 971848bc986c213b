/** Runs at most `most` of the given steps at once; the others wait in order of arrival. */
export function limit(most: number): <Value>(step: () => Promise<Value>) => Promise<Value> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (step) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await step()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
