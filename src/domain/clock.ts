/** Time as a parameter: the real clock, or a virtual one in tests. All values in ms. */
export interface Clock {
  /** Wall time, epoch ms; for people and for times that a CLI gave. Jumps when the machine's clock is set. */
  now(): number
  /** Never jumps; for durations and timers. */
  monotonic(): number
  /** Calls back once after `ms`, unless the returned function is called first. Does not keep the process alive. */
  schedule(ms: number, callback: () => void): () => void
}
