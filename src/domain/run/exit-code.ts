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

/** What each means, for the documentation. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  [exitCodes.done]: 'Every selected task is done. What a person has put on hold is not selected.',
  [exitCodes.notDone]: 'Some tasks failed, or are held by a failure or an unresolved dependency.',
  [exitCodes.usage]: 'Bad usage, configuration or roadmap: the message says where. Nothing has started.',
  [exitCodes.noProvider]: 'No usable agent CLI; noticed before the first attempt.',
  [exitCodes.notSafe]:
    'Not safe to run: no repository or commit, another run at work, the target is checked out, a conflict, …',
  [exitCodes.again]:
    'Stopped early, and worth running again: a usage limit, a budget, a time limit, work that could not be collected yet.',
  [exitCodes.interrupted]: 'Interrupted (Ctrl-C). The next run continues.',
  [exitCodes.terminated]: 'Terminated (SIGTERM or SIGHUP). The next run continues.',
}
