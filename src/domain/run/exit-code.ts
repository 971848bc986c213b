/** The exit codes of the program; chosen once, at the top. */
export const exitCodes = {
  /** Every selected task is done. */
  done: 0,
  /** Some tasks failed, or are held by a failure or an unresolved dependency. */
  notDone: 1,
  /** Bad usage, configuration or roadmap. */
  usage: 2,
  /** No usable provider, found before the first attempt. */
  noProvider: 3,
  /** Not safe to run: the repository is in a state that needs a person first. */
  notSafe: 4,
  /** Stopped early, or with work that is still to be collected: worth running again. */
  again: 75,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
