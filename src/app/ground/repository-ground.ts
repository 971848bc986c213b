import { join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import { offLimits } from '../../domain/roadmap/off-limits.js'
import { ok, type Result } from '../../domain/result.js'
import { taskTrailerValue } from '../../domain/roadmap/task-trailer.js'
import { ensureLine } from '../../platform/files/ensure-line.js'
import type { Ground, GroundOptions } from './ground.js'
import { isolate } from './isolate.js'
import { readAsConfiguration } from './path-below.js'
import type { RepositoryRefusal, Repository, Target } from '../../workspace/contract.js'
import { changedFiles } from '../../workspace/repository/changed-files.js'
import { holdOffGc } from '../../workspace/repository/hold-off-gc.js'
import { identityWarnings } from '../../workspace/git/identity.js'
import { refuseLinksBack } from '../../workspace/prepare/link-back.js'
import { refuseGit } from '../../workspace/git/refusal.js'
import { watchUser } from '../../workspace/repository/user-watch.js'
import { restartLine, chooseTarget, landedBefore, openWhole, takenUpLine, targetFacts } from './run-target.js'
import { driverWarnings, gitWarnings } from './git-warnings.js'
import { historyNotices, type HistoryPlace } from './history.js'
import { emptySubmodules } from './empty-submodules.js'
import { dirtyWarnings, lookUpBrought } from './files-warnings.js'
import { homeWarnings, workspacesHome } from './workspaces-home.js'

/** What is the same with and without a repository. */
export interface GroundPlace {
  readonly runDir: string
  /** What earlier runs had left running, and was ended. */
  readonly swept: readonly string[]
  readonly leaveOut: readonly string[]
}

/** Opens the repository and the target branch. */
export async function openRepositoryGround(
  options: GroundOptions,
  { runDir, swept, leaveOut }: GroundPlace,
): Promise<Result<Ground, RepositoryRefusal>> {
  const { settings, location, runId, isResumed, env } = options
  const repository = await openWhole(location.root, env)
  if (!repository.ok) return repository
  const { file } = options.config
  const { warnings, ...brought } = await lookUpBrought(location.root, file)
  const { trusted, head, commonDir } = repository.value
  const linked = await refuseLinksBack(location.root, brought.link, { place: trusted, commit: head.commit })
  if (!linked.ok) return linked
  await ensureLine(join(commonDir, 'info', 'exclude'), '/.autopilot/')
  const target = await chooseTarget(repository.value, settings.target, { runId, isResumed, leaveOut })
  if (!target.ok) return target
  const landed = await landedBefore(repository.value, target.value, leaveOut[0])
  if (!landed.ok) return landed
  const watch = await watchUser(repository.value, target.value)
  if (!watch.ok) return refuseGit(watch.error)
  const changedBefore = await changedFiles(repository.value, repository.value.head.commit)
  const barred = offLimits(await readAsConfiguration(location.root, file.prompt), file)
  const allowGc = await holdOffGc(repository.value.commonDir)
  const config = { ...options.config, file: { ...file, ...brought } }
  const standing = { repository: repository.value, target: target.value, leaveOut, runDir, barred }
  const ofUser = { watch: watch.value, changedBefore }
  return ok({
    root: location.root,
    runDir,
    repository: repository.value,
    close: allowGc,
    target: targetFacts(target.value),
    tips: tipsOf(target.value),
    leaveOut,
    offLimits: barred.names,
    history: (parts) => historyNotices(placeOf(repository.value, target.value), parts),
    landed: (taskId) => landed.value.get(taskTrailerValue(taskId)) ?? [],
    warnings: [
      ...swept,
      ...identityWarnings(repository.value.identity),
      ...(await homeWarnings(workspacesHome(file.workspacesDir, location.root, env))),
      ...takenUpLine(target.value),
      ...restartLine(target.value, head.branch ?? head.commit.slice(0, 8)),
      ...(await gitWarnings(repository.value, env)),
      ...(await driverWarnings({ place: trusted, root: location.root, env }, target.value.base)),
      ...(await dirtyWarnings(repository.value, leaveOut)),
      ...warnings,
      ...emptySubmodules(repository.value.submodules, file.setup !== undefined),
    ],
    isolate: (parts) => isolate({ ...options, ...standing, ...ofUser, ...parts, config }),
  })
}

function placeOf({ trusted, head, root }: Repository, target: Target): HistoryPlace {
  return { place: trusted, head: head.commit, tips: tipsOf(target), branch: target.branch, root }
}

function tipsOf({ base, setAside = [] }: Target): readonly CommitId[] {
  return [base, ...setAside]
}
