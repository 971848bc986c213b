import { ok, type Result } from '../../domain/result.js'
import { listRuns, runDirOf } from '../../journal/runs.js'
import { sweepBrokenOff } from '../../orchestration/run/broken-off.js'
import { inPlace } from '../../orchestration/place/in-place.js'
import { awaitWatchdogsOf } from '../../platform/processes/old-watchdog.js'
import type { Ground, GroundOptions } from './ground.js'
import { openRepositoryGround, type GroundPlace } from './repository-ground.js'
import { pathBelow } from './path-below.js'
import type { RepositoryRefusal } from '../../workspace/contract.js'
import { tracesBefore, tracesOf } from './traces.js'

/**
 * Opens the repository and the target branch, or takes the directory as it is; to be called with the lock held. A refusal
 * means exit code 4.
 */
export async function openGround(options: GroundOptions): Promise<Result<Ground, RepositoryRefusal>> {
  const { settings, config, location, loaded, runId, isResumed, env } = options
  const runDir = runDirOf(location.root, runId)
  // It would take what the run starts now for what it had started then.
  if (isResumed) await awaitWatchdogsOf(tracesOf(location, runId))
  const places = { workspacesDir: config.file.workspacesDir, env }
  // Before anything is read or made: what still runs there might change it.
  const swept = await sweepBrokenOff(await listRuns([location.root]), (run) => tracesBefore(location, places, run))
  const roadmapPath = await pathBelow(location.root, loaded.path)
  const leaveOut = roadmapPath === undefined ? [] : [roadmapPath]
  const place = { runDir, swept, leaveOut }
  return settings.isolation === 'none' ? ok(plainGround(options, place)) : openRepositoryGround(options, place)
}

/** The directory as it is. */
function plainGround(
  { location: { root }, config: { file } }: GroundOptions,
  { runDir, swept, leaveOut }: GroundPlace,
) {
  const isGated = file.gates.length + file.reviews.length > 0
  const ground: Ground = {
    ...{ root, runDir, leaveOut, tips: [], offLimits: [] },
    warnings: isGated ? [...swept, ungated] : swept,
    landed: () => [],
    history: () => Promise.resolve([]),
    isolate: () => inPlace(root),
    close: () => Promise.resolve(),
  }
  return ground
}

const ungated = 'gates do not run with --isolation none: there is no clean tree to judge'
