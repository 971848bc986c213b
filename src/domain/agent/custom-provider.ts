/** An agent CLI that the configuration describes. It is restricted only by its own command line. */
export interface CustomProvider {
  /** A shell command. */
  readonly run: string
  /** Where the prompt goes: to its stdin, or behind the command as one more argument. */
  readonly prompt: 'stdin' | 'argument'
}
