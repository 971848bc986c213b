import { relative } from 'node:path'
import type { Task } from '../domain/task.js'
import type { LandedCommit } from '../domain/landed.js'
import { taskTrailer, taskTrailerValue, textTrailer } from '../orchestration/commit-message.js'
import { realPathOr } from '../platform/real-path.js'
import { currentBranch } from '../workspace/open-current.js'
import { readRef } from '../workspace/ref-name.js'
import { defaultTarget } from '../workspace/target.js'
import { lastChange, readTrailers } from '../workspace/trailers.js'
import { planLanded, type Landed } from './landed.js'
import type { Before } from './past-run.js'
import type { Prepared } from './prepare-run.js'
import { lookAround, replayRun } from './resumed.js'
import { landedAs, standingAfter } from './standing.js'

/** What a run would count as done, found without making or changing anything; the branch that it would land on. */
export async function lookAhead(
  prepared: Prepared,
  before: Before,
): Promise<Landed & { readonly branch: string | undefined }> {
  const { commonDir, head } = prepared.location
  const nothing = { loaded: prepared.loaded, plan: prepared.plan, landed: [], byId: [], reworded: [] }
  if (prepared.settings.isolation === 'none' || commonDir === undefined || !head)
    return { ...nothing, branch: undefined }
  const user = { gitDir: commonDir }
  const { target } = prepared.settings
  const isCurrent = target === currentBranch
  const branch = isCurrent ? (head.branch ?? '') : (target?.replace(/^refs\/heads\//, '') ?? defaultTarget(head))
  const tip = isCurrent ? head.commit : ((await readRef({ user }, `refs/heads/${branch}`)) ?? head.commit)
  const path = relative(await realPathOr(prepared.location.root), await realPathOr(prepared.loaded.path))
  const from = isCurrent && !path.startsWith('..') ? await lastChange(user, head.commit, path) : undefined
  const range = { from: from?.ok ? from.value : head.commit, to: tip }
  const read = await readTrailers(user, { key: taskTrailer, textKey: textTrailer }, range)
  const commits = (id: string): readonly LandedCommit[] => (read.ok ? (read.value.get(taskTrailerValue(id)) ?? []) : [])
  const replayed = before.type === 'goes_on' ? await replayRun(before.run, { repair: false, now: 0 }) : undefined
  const found = replayed?.ok ? await lookAround(user, replayed.value, [tip, head.commit]) : undefined
  const standing = (task: Task) =>
    replayed?.ok && found?.ok ? standingAfter(task, replayed.value, found.value, commits) : landedAs(task, commits)
  return { ...planLanded(prepared, standing), branch }
}
