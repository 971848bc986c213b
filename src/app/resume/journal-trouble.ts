import type { RunId } from '../../domain/brand.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { cleanLine } from '../../domain/text.js'
import type { JournalFault } from '../../journal/read-journal.js'
import type { KnownRun } from '../../journal/runs.js'
import type { Printer } from '../../ui/print/printer.js'
import { shownPath } from '../../ui/shown-path.js'

/** Says why a run's journal cannot be read, where, and what to do about it. */
export function printJournalTrouble({ id, journal }: KnownRun, fault: JournalFault, printer: Printer): ExitCode {
  const place = cleanLine(shownPath(journal), 300) + (fault.line === undefined ? '' : `:${fault.line}`)
  printer.trouble(`${place}: ${fault.message}`, helpFor(id, fault))
  return exitCodes.notSafe
}

function helpFor(id: RunId, { code, line = 1 }: JournalFault): string {
  if (code === 'unknown_version' || code === 'other_version')
    return 'Use the autopilot that wrote it, or a newer one; autopilot run --fresh starts a new run.'
  if (code === 'unreadable') return 'Run this as the owner of the file, or make it readable for you.'
  if (code === 'bad_line' && line > 1) {
    const linesBefore = line === 2 ? 'line 1' : `lines 1 to ${line - 1}`
    return `autopilot resume --repair ${id} keeps a copy and continues from ${linesBefore}; autopilot run --fresh starts a new run`
  }
  return 'Nothing in it is usable; autopilot run --fresh starts a new run.'
}
