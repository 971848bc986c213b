import { join } from 'node:path'
import { err } from '../../domain/result.js'
import type { Stop } from '../../domain/run/verdict.js'
import { openJournal, type Journal } from '../../journal/journal.js'
import { numberRun } from '../../journal/runs.js'
import { createRecorder, type RunRecorder } from '../../orchestration/recorder.js'
import { realClock } from '../../platform/clock.js'
import type { RunPrinter } from '../../ui/print/printer.js'
import type { Notifier } from '../notify/notifier.js'
import { refuse } from '../refuse.js'
import { openLive, type Live } from '../reports/live-row.js'
import { startEvent, type BeginParts, type Beginning } from './begin.js'
import type { Guard, Suspendable } from './guard.js'
import { opened } from './table.js'

/** A run with all that it stands on. */
export interface OpenRun extends RecordParts, Guard, Suspendable {
  readonly recorder: RunRecorder
}

interface RecordParts extends BeginParts {
  readonly beginning: Beginning
  readonly record: { readonly path: string; readonly journal: Journal }
  readonly show: RunPrinter
  readonly live: Live
  readonly stops: Stops
  readonly notifier: Notifier | undefined
}

/** Why the run is stopped before its end; the first reason counts. */
export interface Stops {
  readonly first: () => Stop | undefined
  /** Notes a stop that is under way. */
  readonly note: (reason: Stop) => void
  /** Ends what runs, for this reason. */
  readonly stop: (reason: Stop) => void
}

/** Opens the file of the run's events. */
export async function openRecord({ prepared: { printer, location }, ground, runId }: BeginParts) {
  const path = join(ground.runDir, 'journal.jsonl')
  const journal = await openJournal(path)
  if (!journal.ok) {
    const help = 'autopilot keeps its journal there; make the directory writable'
    return err(refuse({ message: `cannot write ${path}: ${journal.error}`, help }, printer))
  }
  // Without it only the order of runs is less sure.
  await numberRun(location.root, runId).catch(() => undefined)
  return opened({ path, journal: journal.value }, () => journal.value.close())
}

/** Stops the run when its guard or its lock is lost. */
export function watchGuards({ signals, watchdog, lock }: Guard & { readonly lock: { readonly lost: AbortSignal } }) {
  let first: Stop | undefined
  const note = (reason: Stop) => void (first ??= reason)
  const stop = (reason: Stop) => {
    note(reason)
    signals.cancel()
  }
  const stopOn = (lost: AbortSignal, reason: Stop) => {
    if (lost.aborted) stop(reason)
    else lost.addEventListener('abort', () => stop(reason), { once: true })
  }
  stopOn(watchdog.lost, { type: 'unguarded' })
  stopOn(lock.lost, { type: 'taken_over' })
  return opened<Stops>({ first: () => first, note, stop })
}

/** A page that follows the run, if one was asked for. */
export async function serveLive({ prepared, past }: BeginParts) {
  const live = await openLive(prepared, past?.run)
  return opened(live, live.close)
}

/** The first fact is that the run began, or goes on. */
export function openRecorder(parts: RecordParts) {
  const { beginning, record, show, live, numbers, stops, notifier } = parts
  const { resumed } = beginning
  const recorder = createRecorder(resumed ? { ...resumed.replayed, event: resumed.event } : startEvent(parts), {
    clock: realClock,
    journal: record.journal,
    reporters: [show.reporter, ...live.reporters, ...(notifier ? [notifier] : [])],
    mask: numbers.mask,
    onBroken: (message) => stops.stop({ type: 'journal', message }),
  })
  return opened(recorder)
}
