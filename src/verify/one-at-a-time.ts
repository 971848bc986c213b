/** Runs the steps of one key one after the other, in order of arrival; those of different keys know nothing of each other. */
export function oneAtATime(): <Value>(key: string, step: () => Promise<Value>) => Promise<Value> {
  const lasts = new Map<string, Promise<unknown>>()
  return (key, step) => {
    const mine = lasts.get(key)?.then(step, step) ?? step()
    lasts.set(key, mine)
    return mine.finally(() => {
      if (lasts.get(key) === mine) lasts.delete(key)
    })
  }
}
