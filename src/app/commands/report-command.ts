import { resolve } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import { present } from '../../domain/present.js'
import type { ReportFormatName } from '../../domain/report-format.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { createMask, type Mask } from '../../domain/secrets/mask.js'
import { secretsOf } from '../../domain/secrets/secrets.js'
import { defaultFormat } from '../../domain/output-format.js'
import { realClock } from '../../platform/clock.js'
import { putFile } from '../../platform/files/put-file.js'
import { readLockHolder } from '../../platform/locks/lock.js'
import { formatOfFile, reportFormats } from '../../report/formats/formats.js'
import { printExactly, sinkOf } from '../../ui/print/output.js'
import { printerFor } from '../../ui/print/printers.js'
import { shownPath } from '../../ui/shown-path.js'
import { openConfig } from '../prepare/open-config.js'
import { readReport } from '../reports/read-report.js'
import { reportTools } from '../reports/report-tools.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import { findRun, standingOf } from '../runs/find-run.js'

export interface ReportArguments {
  /** The run's id; without one, the last run. */
  readonly run?: string
  readonly as?: ReportFormatName
  /** Where to write it, counted from where it was typed; without one, to stdout. */
  readonly file?: string
  readonly directory: string
}

/** `autopilot report`: writes a report of a run from its journal, also during the run. */
export async function reportCommand(
  { run: wanted, as, file, directory }: ReportArguments,
  env: Environment,
): Promise<ExitCode> {
  const printer = printerFor(defaultFormat, env)
  const found = await findRun({ directory, ...present({ run: wanted }) }, { env, printer, none: exitCodes.usage })
  if (!found.ok) return found.error
  const { run, location } = found.value
  // In this order: a run that ends in between has left its end in the journal by then.
  const holder = await readLockHolder(location.lock)
  const report = await readReport(run, {
    standing: (journaled) => standingOf(journaled, holder).type,
    ...{ commonDir: location.commonDir, mask: await maskIn(location.root, env) },
    now: realClock.now(),
  })
  if (!report.ok) return printJournalTrouble(run, report.error, printer)
  const format = reportFormats[as ?? (file === undefined ? 'md' : (formatOfFile(file) ?? 'md'))]
  const text = await format.render(report.value, reportTools)
  if (file === undefined) {
    if (format.isExact) printExactly(text)
    else sinkOf(process.stdout).write(text)
    return exitCodes.done
  }
  const put = await putFile(resolve(file), text)
  if (put.ok) return exitCodes.done
  printer.trouble(`cannot write ${shownPath(resolve(file))}: ${put.error}`)
  return exitCodes.usage
}

/** The journal has been masked as it was written; there may be more secrets by now. A broken configuration names none. */
async function maskIn(root: string, env: Environment): Promise<Mask> {
  const opened = await openConfig(root, env)
  return opened.ok ? opened.value.mask : createMask(secretsOf(env, []))
}
