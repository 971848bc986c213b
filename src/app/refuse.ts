import { exitCodes, type ExitCode } from '../domain/run/exit-code.js'
import { formatGitFailure, type GitFailure } from '../platform/git/git-failure.js'
import { printTrouble } from '../ui/print/problem-output.js'
import { gitHelp } from '../workspace/git/refusal.js'

/** Says why it is not safe to go on, and what to do next. Gives the exit code. */
export function refuse(
  { message, help }: { readonly message: string; readonly help?: string | undefined },
  output: 'human' | 'json',
): ExitCode {
  printTrouble(message, help, output)
  return exitCodes.notSafe
}

/** As {@link refuse}, where git says why. */
export function refuseGit(failure: GitFailure, output: 'human' | 'json'): ExitCode {
  return refuse({ message: formatGitFailure(failure), help: gitHelp(failure) }, output)
}
