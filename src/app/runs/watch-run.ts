import { setTimeout as delay } from 'node:timers/promises'
import type { RunRecord } from '../../domain/run/event.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import type { RunState } from '../../domain/run/run-state.js'
import { JournalReader } from '../../journal/read-journal.js'
import { readLockHolder } from '../../platform/locks/lock.js'
import type { Printer } from '../../ui/print/printer.js'
import type { Reporter } from '../../ui/reporters/contract.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import { standingOf, type FoundRun } from './find-run.js'

/** How often the journal is looked at, ms. */
const pollMs = 250

/**
 * Shows a run that another process works on, as that process does, until it is over; Ctrl-C ends only the watching.
 * Gives an exit code if there is no more to be said.
 */
export async function watchRun({ run, location }: FoundRun, printer: Printer): Promise<ExitCode | undefined> {
  const reader = new JournalReader(run.journal)
  const left = new AbortController()
  const leave = () => left.abort()
  for (const name of stops) process.once(name, leave)
  let reporter: Reporter | undefined
  try {
    for (;;) {
      // Asked first: a run that ends in between has written all by then.
      const holder = await readLockHolder(location.lock)
      let last: readonly [RunRecord, RunState] | undefined
      const read = await reader.readOn((record, state) => {
        last = [record, state]
        reporter?.record(record, state)
      })
      if (!read.ok) return printJournalTrouble(run, read.error, printer)
      if (standingOf(read.value, holder).type !== 'running') return undefined
      // What was told before is not told again; with its last record, the view knows how things stand.
      if (!reporter && last) {
        reporter = (await printer.openRun()).reporter
        reporter.record(...last)
      }
      await delay(pollMs, undefined, { signal: left.signal })
    }
  } catch (error) {
    if (left.signal.aborted) return exitCodes.interrupted
    throw error
  } finally {
    reporter?.close()
    for (const name of stops) process.off(name, leave)
  }
}

const stops = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
