/** When a process that serves turn after turn is replaced by a new one, between two turns. */
export interface WearLimits {
  /** What it uses of memory, bytes. */
  readonly mostBytes: number
  /** Turns that it has served. */
  readonly mostTurns: number
  readonly mostAgeMs: number
}

export interface Wear {
  readonly bytes: number
  readonly turns: number
  readonly ageMs: number
}

/** Why it is to be replaced, as a sentence's end; undefined if it is good for another turn. */
export function whyWorn({ bytes, turns, ageMs }: Wear, limits: WearLimits): string | undefined {
  if (bytes > limits.mostBytes) return `it used ${inMegabytes(bytes)} after a turn`
  if (turns >= limits.mostTurns) return `it had run ${turns} turns`
  return ageMs > limits.mostAgeMs ? 'it was old' : undefined
}

export function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`
}
