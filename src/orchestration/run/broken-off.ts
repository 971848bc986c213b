import type { RunId } from '../../domain/brand.js'
import type { Claim, SpawnedProcess } from '../../domain/process/stray.js'
import { cleanLine, listFirst } from '../../domain/text.js'
import { readJournal } from '../../journal/read-journal.js'
import type { KnownRun } from '../../journal/runs.js'
import { isUnfinished } from '../../journal/unfinished.js'
import { endWatchdogsOf } from '../../platform/processes/old-watchdog.js'
import { modifiedSinceBoot } from '../../platform/processes/table/process-identity.js'
import { sweep } from '../../platform/processes/sweep.js'

/** By what the processes of a run are known, from its id and the workspaces that its journal names. */
export type TracesOf = (run: {
  readonly runId: RunId
  readonly workspaces: ReadonlySet<string>
}) => Promise<Claim['traces']>

/** Between TERM and KILL, ms: the starting run waits for it. */
const graceMs = 1_000
/** Of what a sweep ended, so many are named. */
const maxNamed = 5

/**
 * Ends what runs before this one left running: those whose journal has no end, since autopilot died in them. To be called
 * with the lock held, so that none of them is at work. Gives what a person should know of it.
 */
export async function sweepBrokenOff(runs: readonly KnownRun[], tracesOf: TracesOf): Promise<readonly string[]> {
  const claims = await Promise.all(runs.map((run) => claimOf(run, tracesOf)))
  const open = claims.filter((claim) => claim !== undefined)
  if (open.length === 0) return []
  // One that still looks would end what comes to work in a directory that its run has no more.
  endWatchdogsOf((entry) => open.some(({ traces }) => traces.entry === entry))
  const ended = await sweep(open, graceMs)
  if (ended.length === 0) return []
  const named = listFirst(ended, maxNamed, ({ pid, name }) => `${cleanLine(name, 40)} (${pid})`)
  const what = ended.length === 1 ? '1 process' : `${ended.length} processes`
  return [`ended ${what} that an earlier run left running: ${named}`]
}

/** Undefined for a run that came to its end, and for one whose processes ended with the machine. */
async function claimOf({ id, journal }: KnownRun, tracesOf: TracesOf): Promise<Claim | undefined> {
  if (!(await modifiedSinceBoot(journal)) || !(await isUnfinished(journal))) return undefined
  const spawned: SpawnedProcess[] = []
  const workspaces = new Set<string>()
  // A journal that is damaged names those before the damage; the others bear the run's mark.
  await readJournal(journal, (record) => {
    if (record.type === 'agent_spawned' || record.type === 'command_spawned') spawned.push(record)
    if (record.type === 'attempt_started' && record.workspace !== '') workspaces.add(record.workspace)
  })
  return { traces: await tracesOf({ runId: id, workspaces }), spawned }
}
