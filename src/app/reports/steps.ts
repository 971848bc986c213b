let steps = 0

/** A number that grows while reports are written: a run that was stopped waits for them as long as it does. */
export function reportSteps(): number {
  return steps
}

/** Counts on until the work is done. */
export async function whileReporting<Value>(work: Promise<Value>): Promise<Value> {
  const timer = setInterval(() => steps++, 50)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
