/** Both ways in which a run can start its agents, with the flags for each: what a user sees must not depend on it. */
export const everyWay: readonly (readonly [way: string, flags: readonly string[]])[] = [
  ['in process', []],
  ['on workers', ['--workers', '--one-shot']],
]
