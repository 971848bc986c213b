import type { RunTraces } from '../domain/stray.js'
import { runDirOf } from '../journal/runs.js'
import { runEntry } from '../platform/door.js'
import { placeOfRun } from './workspaces-home.js'

/** By what the processes of a run are known; in place there are no workspaces to know them by. */
export function tracesOf(
  { root, commonDir }: { readonly root: string; readonly commonDir?: string },
  runId: string,
): RunTraces {
  const entry = runEntry(runDirOf(root, runId))
  return commonDir === undefined ? { entry } : { entry, place: placeOfRun(commonDir, runId) }
}
