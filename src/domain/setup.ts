/** The user's setup command. */
export interface Setup {
  /** For a shell. */
  readonly run: string
  /**
   * What it depends on: paths relative to the root, which may have `*`, `?`, `[…]` and `**` as in a git pathspec with
   * `:(glob)`. Without, it follows from {@link Keep} and from the command.
   */
  readonly inputs?: readonly string[]
  readonly timeoutMs: number
}

/** Long enough for an `npm ci`; a setup that hangs must not hang the run. */
export const defaultSetupTimeoutMs = 15 * 60_000

/**
 * What stays in a workspace when it is cleaned for its next use. `auto`: what setup made, as long as nobody has touched
 * it; else these paths, relative to the root, as the last use left them.
 */
export type Keep = 'auto' | readonly string[]
