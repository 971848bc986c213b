/** What all bear that a worker process has started, by which they are found when it is gone. */
export function workerMark(ownDir: string): Readonly<Record<string, string>> {
  return { AUTOPILOT_WORKER: ownDir.replaceAll('\n', '?') }
}

/** The same as an entry of the environment. */
export function workerEntry(ownDir: string): string {
  return Object.entries(workerMark(ownDir))
    .map((pair) => pair.join('='))
    .join('')
}
