import { appendFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { RunSettings } from '../../config/settings.js'
import type { Environment } from '../../domain/process/environment.js'
import type { ReportFormatName } from '../../domain/report-format.js'
import { err, ok, type Result } from '../../domain/result.js'
import { errorText } from '../../domain/text.js'
import { realClock } from '../../platform/clock.js'
import { putFile, whyNotPut } from '../../platform/files/put-file.js'
import { reportFormats } from '../../report/formats/formats.js'
import { shownPath } from '../../ui/shown-path.js'
import type { Prepared } from '../prepare/prepare-run.js'
import { readReport } from './read-report.js'
import { reportTools } from './report-tools.js'
import { whileReporting } from './steps.js'

type Asked = Pick<RunSettings, 'report' | 'junit' | 'summaryFile'>

/** Which setting asks for which format. Those that take least come first: a run that hangs is not waited for. */
const formats = { summaryFile: 'md', junit: 'junit', report: 'html' } as const satisfies Readonly<
  Record<keyof Asked, ReportFormatName>
>

interface Wanted {
  readonly format: ReportFormatName
  readonly path: string
  /** It is somebody else's file, to which everybody adds. */
  readonly isAdded?: true
}

/** The files that a run is to write when it ends, counted from where it was typed. */
function wantedBy(settings: Asked): readonly Wanted[] {
  return (Object.keys(formats) as readonly (keyof Asked)[]).flatMap((name) => {
    const file = settings[name]
    return file === undefined ? [] : [{ format: formats[name], path: resolve(file) }]
  })
}

/** What could not be written, as far as that is known before the run. */
export async function reportWarnings(settings: Asked): Promise<readonly string[]> {
  const each = wantedBy(settings).map(async ({ path }) => {
    const why = await whyNotPut(path)
    return why === undefined ? [] : [`${shownPath(path)} cannot be written: ${why}; the run goes on without it`]
  })
  return (await Promise.all(each)).flat()
}

/** GitHub shows what a step adds to this file. */
function stepSummary({ GITHUB_ACTIONS, GITHUB_STEP_SUMMARY: path }: Environment): readonly Wanted[] {
  return GITHUB_ACTIONS === 'true' && path ? [{ format: 'md', path, isAdded: true }] : []
}

/** GitHub refuses a summary above 1 MiB. Source: GitHub docs, workflow commands, adding a job summary. */
const maxSummaryBytes = 1024 * 1024

async function addTo(path: string, text: string): Promise<Result<void, string>> {
  const bytes = Buffer.from(text)
  if (bytes.length > maxSummaryBytes) return err('it would be larger than GitHub takes')
  try {
    await appendFile(path, bytes)
    return ok(undefined)
  } catch (error) {
    return err(errorText(error))
  }
}

/** Writes what the run was asked for, however it ended. What cannot be written is told, and is no failure of the run. */
export async function writeReports(
  { settings, location, mask, printer }: Prepared,
  journal: string,
  env: Environment,
): Promise<void> {
  const wanted = [...stepSummary(env), ...wantedBy(settings)]
  if (wanted.length === 0) return
  const trouble = (path: string, why: string) =>
    printer.trouble(
      `cannot write ${shownPath(path)}: ${why}`,
      'autopilot report writes it from the journal at any time',
    )
  const write = async () => {
    const read = await readReport(
      { journal },
      {
        standing: ({ state }) => (state.finished ? 'finished' : 'broken_off'),
        ...{ commonDir: location.commonDir, mask, now: realClock.now() },
      },
    )
    for (const { format, path, isAdded } of wanted) {
      if (!read.ok) {
        trouble(path, read.error.message)
        continue
      }
      const text = await reportFormats[format].render(read.value, reportTools)
      const put = isAdded ? await addTo(path, text) : await putFile(path, text)
      if (!put.ok) trouble(path, put.error)
    }
  }
  await whileReporting(write()).catch((bug: unknown) => {
    printer.trouble(`cannot write the reports of this run: ${errorText(bug)}`)
  })
}
