/** The user's setup command. */
export interface Setup {
  /** For a shell. */
  readonly run: string
  /**
   * What it depends on: paths relative to the root, which may have `*`, `?`, `[…]` and `**` as in a git pathspec with
   * `:(glob)`. Without, the lock files of package managers, wherever they lie.
   */
  readonly inputs?: readonly string[]
  readonly timeoutMs: number
}

/** Long enough for an `npm ci`; a setup that hangs must not hang the run. */
export const defaultSetupTimeoutMs = 15 * 60_000
