import type { RunId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import type { RunTraces } from '../../domain/process/stray.js'
import { runDirOf } from '../../journal/runs.js'
import { entryOf } from '../../platform/processes/door.js'
import { namedPlaces, placesOfRun } from './workspaces-home.js'

/** Where a run works. */
interface RunsPlace {
  readonly root: string
  /** Absent in place: there are no workspaces by which processes are known. */
  readonly commonDir?: string
}

/** By what the processes of a run that begins are known; it has no berths yet. */
export function tracesOf({ root, commonDir }: RunsPlace, runId: RunId): RunTraces {
  const places = commonDir === undefined ? [] : namedPlaces(commonDir, runId)
  return { entry: entryOf('run', runDirOf(root, runId)), places }
}

/** By what those of an earlier run are known. `workspaces`: those that its journal names. */
export async function tracesBefore(
  { root, commonDir }: RunsPlace,
  { workspacesDir, env }: { readonly workspacesDir: string | undefined; readonly env: Environment },
  { runId, workspaces }: { readonly runId: RunId; readonly workspaces: Iterable<string> },
): Promise<RunTraces> {
  const traces = tracesOf({ root }, runId)
  if (commonDir === undefined) return traces
  return { ...traces, places: await placesOfRun({ workspacesDir, root, commonDir, env }, runId, workspaces) }
}
