import { relative } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import { ok, type Result } from '../../domain/result.js'
import type { Task } from '../../domain/roadmap/task.js'
import { taskTrailerValue } from '../../domain/roadmap/task-trailer.js'
import type { GitPlace } from '../../platform/git/git.js'
import { realPathOr } from '../../platform/files/real-path.js'
import type { Identity, RepositoryRefusal } from '../../workspace/contract.js'
import { discover } from '../../workspace/repository/discover.js'
import { identityWarnings } from '../../workspace/git/identity.js'
import { refuseLinksBack } from '../../workspace/prepare/link-back.js'
import { currentBranch, findCurrent } from '../../workspace/land/open-current.js'
import { refuseGit } from '../../workspace/git/refusal.js'
import { checkConfiguration, dirtyPaths } from '../../workspace/repository/repository.js'
import { setAsideFrom, type SetAside } from '../../workspace/refs/set-aside.js'
import { findSquashed } from '../../workspace/land/squashed.js'
import { findTarget, type Newest } from '../../workspace/land/target.js'
import { lastChange } from '../../workspace/refs/trailers.js'
import { historyNotices } from '../ground/history.js'
import { planLanded, type LandedTasks } from '../resume/landed.js'
import { planGoingOn } from '../resume/named-tasks.js'
import type { Prepared } from '../prepare/prepare-run.js'
import { landedOfOthers } from '../prepare/redo.js'
import { lookAround, type Replayed } from '../resume/resumed.js'
import { restartLine, landedIn, takenUpLine } from '../ground/run-target.js'
import { landedAs, standingAfter } from '../resume/standing.js'
import { emptySubmodules, lookUpSubmodules } from '../ground/empty-submodules.js'
import { lookUpBrought } from '../ground/files-warnings.js'
import { driverWarnings } from '../ground/git-warnings.js'
import { homeWarnings, workspacesHome } from '../ground/workspaces-home.js'

/** What a run would begin with. */
export interface Ahead extends LandedTasks {
  /** The branch that it would land on; absent without isolation. */
  readonly branch?: string
  /** Where the roadmap and what git knows of its tasks differ. */
  readonly notices: readonly string[]
  readonly warnings: readonly string[]
}

/** What a run would count as done, found without making or changing anything. A refusal is what the run would say. */
export async function lookAhead(
  prepared: Prepared,
  replayed: Replayed | undefined,
  env: Environment,
): Promise<Result<Ahead, RepositoryRefusal>> {
  const { commonDir, head } = prepared.location
  const nothing = {
    loaded: prepared.loaded,
    plan: prepared.plan,
    landed: [],
    byId: [],
    reworded: [],
    notices: [],
    warnings: [],
  }
  if (prepared.settings.isolation === 'none' || commonDir === undefined || !head) return ok(nothing)
  const user = { gitDir: commonDir }
  const path = relative(await realPathOr(prepared.location.root), await realPathOr(prepared.loaded.path))
  const target = await targetAhead(prepared, [path], env)
  if (!target.ok) return target
  const { branch, isCurrent, takenUp, identity } = target.value
  const tips = await tipsAhead(user, target.value, head.commit)
  if (!tips.ok) return tips
  const { tip, setAside, restart } = tips.value
  const from = isCurrent && !path.startsWith('..') ? await lastChange(user, head.commit, path) : undefined
  // The run's target has all of HEAD in it, also what reverts something.
  const read = await landedIn(user, { from: from?.ok ? from.value : head.commit, to: [tip, head.commit, ...setAside] })
  const commits = landedOfOthers(prepared, (id) => (read.ok ? (read.value.get(taskTrailerValue(id)) ?? []) : []))
  const remains = replayed && (await lookAround(user, replayed, [tip, head.commit, ...setAside]))
  if (remains?.ok === false) return refuseGit(remains.error)
  const standing = (task: Task) =>
    replayed && remains ? standingAfter(task, replayed, remains.value, commits) : landedAs(task, commits)
  const taken = takenUpLine({ branch, ...(takenUp === undefined || restart ? {} : { takenUp }) })
  const again = restartLine(
    { branch, setAside, ...(restart ? { restart } : {}) },
    head.branch ?? head.commit.slice(0, 8),
  )
  const home = workspacesHome(prepared.config.file.workspacesDir, prepared.location.root, env)
  const brought = await lookUpBrought(prepared.location.root, prepared.config.file)
  const linked = await refuseLinksBack(prepared.location.root, brought.link, { place: user, commit: head.commit })
  if (!linked.ok) return linked
  const submodules = await lookUpSubmodules({ root: prepared.location.root, commonDir, head })
  const empty = emptySubmodules(submodules, prepared.config.file.setup !== undefined)
  const warnings = [
    ...identityWarnings(identity),
    ...(await homeWarnings(home)),
    ...taken,
    ...again,
    ...(await driverWarnings({ place: user, root: prepared.location.root, env }, tip)),
    ...brought.warnings,
    ...empty,
  ]
  const known = planLanded(prepared, standing)
  const landed = replayed ? planGoingOn(known, { ...prepared, state: replayed.state, named: undefined }) : known
  const history = await historyNotices(
    { place: user, head: head.commit, tips: [tip, ...setAside], branch, root: prepared.location.root },
    { ...prepared, ...landed },
  )
  return ok({ ...landed, branch, notices: history, warnings })
}

interface TargetAhead extends Newest {
  readonly branch: string
  readonly isCurrent: boolean
  readonly identity: Identity
}

interface TipsAhead {
  /** Where the run would begin. */
  readonly tip: CommitId
  /** What the target was before that, as far as its work counts. */
  readonly setAside: readonly CommitId[]
  readonly restart?: SetAside
}

/** Where a run would begin, without a merge that it may make. */
async function tipsAhead(
  user: GitPlace,
  { tip, branch, isCurrent }: Pick<TargetAhead, 'tip' | 'branch' | 'isCurrent'>,
  head: CommitId,
): Promise<Result<TipsAhead, RepositoryRefusal>> {
  if (isCurrent) return ok({ tip: head, setAside: [] })
  const squashed = tip === undefined ? ok(undefined) : await findSquashed(user, { tip, head, branch })
  if (!squashed.ok) return refuseGit(squashed.error)
  const restart = squashed.value?.isEdited && tip !== undefined ? { by: squashed.value.by, tip } : undefined
  const from = restart ? head : (tip ?? head)
  const setAside = await setAsideFrom(user, [from, head], restart ? [restart] : [])
  if (!setAside.ok) return refuseGit(setAside.error)
  return ok({ tip: from, setAside: setAside.value, ...(restart ? { restart } : {}) })
}

/** Where the branch of the settings stands, or would go on from; refused as the run refuses it. */
async function targetAhead(
  { location, settings }: Prepared,
  leaveOut: readonly string[],
  env: Environment,
): Promise<Result<TargetAhead, RepositoryRefusal>> {
  const discovered = await discover(location.root, env)
  if (!discovered.ok) return discovered
  const configured = await checkConfiguration(discovered.value, env)
  if (!configured.ok) return configured
  const identity = configured.value
  const { head, commonDir } = discovered.value
  const user = { gitDir: commonDir }
  const dirty = (excluding: readonly string[]) => dirtyPaths(discovered.value, excluding, env)
  const where = { ...discovered.value, user, trusted: user, dirtyPaths: dirty }
  if (settings.target === currentBranch) {
    const current = await findCurrent(where, leaveOut)
    return current.ok ? ok({ branch: current.value, tip: head.commit, isCurrent: true, identity }) : current
  }
  const target = await findTarget(where, settings.target === undefined ? {} : { branch: settings.target })
  return target.ok ? ok({ ...target.value, isCurrent: false, identity }) : target
}
