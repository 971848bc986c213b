/** A signal that is aborted with the first of these, as long as it is not closed. */
export interface JoinedSignal {
  readonly signal: AbortSignal
  readonly close: () => void
}

export function firstAborted(signals: readonly (AbortSignal | undefined)[]): JoinedSignal {
  const joined = new AbortController()
  const onAbort = () => joined.abort()
  const given = signals.filter((signal) => signal !== undefined)
  for (const signal of given) {
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  }
  return {
    signal: joined.signal,
    close() {
      for (const signal of given) signal.removeEventListener('abort', onAbort)
    },
  }
}
