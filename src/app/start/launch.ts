import { realClock } from '../../platform/clock.js'
import type { ExitCode } from '../../domain/run/exit-code.js'
import { err } from '../../domain/result.js'
import { limitIdleGits } from '../../platform/git/idle-git.js'
import { openGround } from '../ground/open-ground.js'
import { lockGround } from '../ground/lock-ground.js'
import { refuse } from '../refuse.js'
import { writeReports } from '../reports/write-reports.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import { replayRun, type Replayed } from '../resume/resumed.js'
import { openNotifier } from './notify.js'
import { begin, type LaunchParts } from './begin.js'
import { findClis } from './find-clis.js'
import { guardedTable } from './guard.js'
import { giveNumbers, type Numbered } from './numbered.js'
import { openRecord, openRecorder, serveLive, watchGuards } from './record.js'
import { fitSlots } from './slots-that-fit.js'
import { opened } from './table.js'
import { work } from './work.js'

/** What a run stands on, from the first that may be refused to its record. */
const standing = guardedTable<LaunchParts>()
  .row('clis', findClis)
  .row('lock', takeLock)
  .row('numbers', giveNumbers)
  .row('replayed', replay)
  .row('ground', prepareGround)
  .row('beginning', begin)
  .row('record', openRecord)
  .row('show', async ({ prepared: { printer } }) => opened(await printer.openRun()))
  .row('live', serveLive)
  .row('stops', watchGuards)
  .row('notifier', openNotifier)
  .row('recorder', openRecorder)

/** Starts a run, or continues one, if nothing is in the way. Returns the exit code. */
export async function launch({ prepared: wanted, ...rest }: Omit<LaunchParts, 'most'>): Promise<ExitCode> {
  const fitting = fitSlots(wanted.settings.agents)
  if (!fitting.ok) return refuse(fitting.error, wanted.printer)
  const settings = { ...wanted.settings, agents: fitting.value.agents }
  limitIdleGits(settings.idleTimeoutMs)
  const notices = [...rest.notices, ...fitting.value.notices]
  const { most } = fitting.value
  let journal: string | undefined
  try {
    const run = await standing.during({ ...rest, prepared: { ...wanted, settings }, notices, most }, (open) => {
      journal = open.record.path
      return work(open)
    })
    return run.ok ? run.value : run.error
  } finally {
    if (journal !== undefined) await writeReports(wanted, journal, rest.env)
  }
}

/**
 * Under the lock, nobody else writes the repository's journal, refs and workspaces; `lost` is aborted when another run
 * took it.
 */
async function takeLock({ prepared: { printer, location }, takeOver }: LaunchParts) {
  const lost = new AbortController()
  const locked = await lockGround(location.lock, { takeOver, onLost: () => lost.abort(), place: location.root })
  return locked.ok ? opened({ lost: lost.signal }, locked.value) : err(refuse(locked.error, printer))
}

/** With the lock held: nobody else writes the journal that is read here. */
async function replay({ past, prepared: { printer } }: LaunchParts) {
  if (!past) return opened<Replayed | undefined>(undefined)
  const replayed = await replayRun(past.run, { repair: past.repair, now: realClock.now() })
  if (!replayed.ok) return err(printJournalTrouble(past.run, replayed.error, printer))
  return opened<Replayed | undefined>(replayed.value)
}

type GroundParts = LaunchParts & { readonly numbers: Numbered; readonly replayed: Replayed | undefined }

async function prepareGround({ prepared, numbers, replayed, env, runId }: GroundParts) {
  const ground = await openGround({ ...prepared, ...numbers, env, runId, isResumed: replayed !== undefined })
  return ground.ok ? opened(ground.value, ground.value.close) : err(refuse(ground.error, prepared.printer))
}
