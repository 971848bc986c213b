import type { CommitId } from '../../domain/brand.js'
import { judgeUnchanged } from '../../domain/agent/attempt.js'
import { consequencesOf, failure, type Failure } from '../../domain/agent/failure.js'
import type { Attempt, AttemptId } from '../../domain/attempt/attempt.js'
import { gitLeft } from '../../domain/agent/git-left.js'
import type { End } from '../../domain/attempt/end.js'
import type { Outcome } from '../../domain/attempt/outcome.js'
import { present } from '../../domain/present.js'
import { formatOffLimits, formatPaths } from '../../ui/told.js'
import type { Harvest, Harvested, Kept, OpenPlace, PlaceTrouble } from '../place/isolation.js'
import type { Recorder } from '../recorder.js'
import { refusalsOf, refusedFailure, type StrictSettings } from './refused.js'

/** Where an attempt works. */
export interface Site {
  readonly attempt: Attempt
  readonly place: OpenPlace
  /** It is as the interrupted agent left it. */
  readonly stands: boolean
}

/** A turn that ended well, but whose git stopped in the middle of something, left unfinished work. */
export async function gitUnfinished(place: OpenPlace): Promise<Failure | undefined> {
  const left = await place.underWay()
  if (left === undefined) return undefined
  const message = `The turn ended while git was in the middle of something: ${left}.`
  return failure('unfinished', message, { detail: gitLeft(left) })
}

/** What a turn is judged by, besides its results. */
export interface Judging extends StrictSettings {
  readonly recorder: Recorder
  /** Why its agent didn't end well: its work so far is kept and never lands. */
  readonly ended?: Failure
  readonly trouble?: PlaceTrouble
}

/** The outcome of a turn, from its end and from what was collected. */
export function outcomeOfHarvest(attempt: Attempt, harvest: Harvest, judging: Judging): Outcome {
  const { ended, trouble } = judging
  const failed = (why: Failure): Outcome => ({ type: 'failed', failure: blamePlace(why, trouble) })
  if (harvest.type === 'candidate') {
    const { commit } = harvest
    return { type: 'collected', commit, ...present({ failure: ended && blamePlace(ended, trouble) }) }
  }
  if (ended) return failed(ended)
  if (harvest.type === 'stuck') return failed(harvest.failure)
  const refusals = refusalsOf(attempt.id, judging)
  const refused = refusedFailure(attempt.agent, refusals, judging)
  if (refused) return { type: 'refused', failure: refused }
  const why = harvest.type === 'in_place' ? undefined : judgeUnchanged(attempt.task, refusals, leftOutTexts(harvest))
  return why ? failed(why) : { type: 'nothing_to_land', how: harvest.type }
}

/** An end that the place is to blame for: it counts as nobody's failed attempt. */
export function blamePlace(why: Failure, trouble: PlaceTrouble | undefined): Failure {
  if (!trouble || why.uncollected) return why
  const { kind, message } = why
  const { ofPlace, mayWantRoom } = consequencesOf(kind)
  if (!mayWantRoom && !(ofPlace && trouble.type === 'gone')) return why
  const { failure: cause } = trouble
  return { ...cause, message: `${cause.message} (${kind}: ${message})` }
}

/** Every commit that an agent made is either on the target, or kept and named. */
export function keepWork(recorder: Recorder, id: AttemptId, { ref, commit, base }: Harvested, end: End): void {
  const why = whyKept(end)
  if (why !== undefined) recordKept(recorder, id, { ref, commit, why }, base)
}

function whyKept(end: End): string | undefined {
  if (end.type === 'no_slot') return undefined
  if (end.type === 'done') return end.how === 'integrated' ? undefined : 'work that a repair round took back'
  if (!end.isFinished) return 'the unfinished work of a failed attempt'
  const { kind } = end.failure
  if (kind === 'canceled') return 'the finished work of a canceled attempt'
  return kind === 'base_red'
    ? 'finished work that waits for the base to pass the gates'
    : 'work that could not be integrated'
}

/** Records what was collected. `base` is the commit that the agent started from; in place there is none. */
export function recordHarvest(recorder: Recorder, id: AttemptId, harvest: Harvest, base: CommitId | undefined): void {
  const { taskId } = id
  if (harvest.type === 'in_place') return
  if (harvest.type === 'stuck') {
    if (harvest.workspace === undefined) return
    const { message, uncollected } = harvest.failure
    const more = uncollected
      ? ({ why: `${taskId}: autopilot resume collects it: ${message}`, collectsAgain: true } as const)
      : {}
    void recorder.record({ type: 'workspace_kept', path: harvest.workspace, why: `${taskId}: ${message}`, ...more })
    return
  }
  if (harvest.ignored) void recorder.record({ type: 'ignored_written', ...id, ...harvest.ignored })
  const leaveOut = (reason: 'off_limits' | 'hidden', paths: readonly string[] = []) => {
    if (paths.length > 0) void recorder.record({ type: 'changes_left_out', ...id, reason, paths })
  }
  leaveOut('off_limits', harvest.offLimits)
  if (harvest.type === 'candidate') {
    const { commit, ref, leftOut, watched } = harvest
    void recorder.record({ type: 'candidate_created', ...id, commit, ref, leftOut })
    if (watched.length > 0) void recorder.record({ type: 'changes_without_effect', ...id, paths: watched })
  }
  leaveOut('hidden', harvest.hidden)
  for (const kept of harvest.kept) recordKept(recorder, id, kept, base)
}

/** Why its result counts as no change, as far as that is visible. */
function leftOutTexts({ offLimits, newIgnored = [] }: Extract<Harvest, { type: 'unchanged' }>): readonly string[] {
  const ignored = `git ignores the new files: ${formatPaths(newIgnored)}`
  return [
    ...(offLimits.length === 0 ? [] : [formatOffLimits(offLimits)]),
    ...(newIgnored.length === 0 ? [] : [ignored]),
  ]
}

/** A commit that isn't on the target, and what to compare it with. */
export function recordKept(recorder: Recorder, id: AttemptId, kept: Kept, base?: CommitId): void {
  void recorder.record({ type: 'commit_kept', ...id, ...kept, ...present({ base }) })
}
