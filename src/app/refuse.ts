import { exitCodes, type ExitCode } from '../domain/run/exit-code.js'
import { formatGitFailure, type GitFailure } from '../platform/git/git-failure.js'
import type { Printer } from '../ui/print/printer.js'
import { gitHelp } from '../workspace/git/refusal.js'

/** Says why it is not safe to go on, and what to do next. Gives the exit code. */
export function refuse(
  { message, help }: { readonly message: string; readonly help?: string | undefined },
  printer: Printer,
): ExitCode {
  printer.trouble(message, help)
  return exitCodes.notSafe
}

/** As {@link refuse}, where git says why. */
export function refuseGit(failure: GitFailure, printer: Printer): ExitCode {
  return refuse({ message: formatGitFailure(failure), help: gitHelp(failure) }, printer)
}
