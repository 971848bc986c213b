import { join } from 'node:path'
import { err } from '../../domain/result.js'
import { judgeUnchanged } from '../../domain/agent/attempt.js'
import { consequencesOf, type Failure } from '../../domain/agent/failure.js'
import { cleanLine, listFirst } from '../../domain/text.js'
import type { Harvest, Harvested, Kept, OpenPlace, PlaceTrouble, ReviewWork, Written } from '../place/isolation.js'
import { attemptDirectory } from '../agent/attempt-files.js'
import type { Ongoing } from './ongoing.js'
import type { Recorder } from '../recorder.js'
import { refusalsOf, refusedFailure, type StrictSettings } from './refused.js'
import type { AgentEnd } from '../agent/agent-work.js'
import type { AttemptOf } from '../attempt-of.js'

/** How a turn ended. Work that was kept out may be repaired. */
export type TurnEnd =
  | { readonly type: 'done'; readonly how: 'integrated' | 'unchanged' | 'in_place' }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** It was refused a tool, and there is nothing to keep out: it may go on where it is. */
  | { readonly type: 'refused'; readonly failure: Failure }
  | { readonly type: 'kept_out'; readonly failure: Failure; readonly candidate: Harvested }

/** What a turn is judged by, besides what it left. */
export interface SettleSettings extends StrictSettings {
  readonly recorder: Recorder
  /** Judges work before it may land. */
  readonly review: ReviewWork
}

/** Judges a turn by its end and by what was collected, and lands what may land. */
export async function settle(
  of: AttemptOf,
  open: OpenPlace,
  settings: SettleSettings,
  { failure: ended }: Pick<AgentEnd, 'failure'>,
  harvest: Harvest,
): Promise<TurnEnd> {
  const refusals = refusalsOf(of, settings)
  const refused = refusedFailure(of, refusals, settings)
  // What an agent that did not end well had done until then is kept, never landed.
  if (ended) return { type: 'failed', failure: ended }
  switch (harvest.type) {
    case 'in_place':
      return refused ? { type: 'refused', failure: refused } : { type: 'done', how: 'in_place' }
    case 'stuck':
      return { type: 'failed', failure: harvest.failure }
    case 'unchanged': {
      if (refused) return { type: 'refused', failure: refused }
      const unchanged = judgeUnchanged(of.task, refusals, leftOutTexts(harvest))
      return unchanged ? { type: 'failed', failure: unchanged } : { type: 'done', how: 'unchanged' }
    }
    case 'candidate':
      // Before gates and reviews: it goes back in any case.
      return refused ? { type: 'kept_out', failure: refused, candidate: harvest } : land(of, open, settings, harvest)
  }
}

/** An end that the place is to blame for: nobody's failed attempt. */
export function blamePlace(end: TurnEnd, trouble: PlaceTrouble | undefined): TurnEnd {
  if (!trouble || end.type !== 'failed' || end.failure.uncollected) return end
  const { kind, message } = end.failure
  const { ofPlace, mayWantRoom } = consequencesOf(kind)
  if (!mayWantRoom && !(ofPlace && trouble.type === 'gone')) return end
  const { failure } = trouble
  return { type: 'failed', failure: { ...failure, message: `${failure.message} (${kind}: ${message})` } }
}

/** Judges a candidate and lands it. Work that ended well before the run was canceled has been paid for: it still lands. */
export async function land(
  of: AttemptOf,
  open: OpenPlace,
  { recorder, review }: SettleSettings,
  candidate: Harvested,
): Promise<TurnEnd> {
  const reviewed = await review(of, open, candidate)
  if (!reviewed.ok) return { type: 'kept_out', failure: reviewed.error, candidate }
  const landed = await landAgain(open, candidate)
  if (!landed.ok) return { type: 'kept_out', failure: landed.error, candidate }
  const { commit, previous } = landed.value
  await recorder.record({ type: 'task_integrated', taskId: of.task.id, attempt: of.attempt, commit, previous })
  return { type: 'done', how: 'integrated' }
}

/** So often a landing is tried in which autopilot's own git failed. */
const mostLandings = 3

/** The work is paid for, and nobody is to blame: it is landed again, if need be by the next run, and no agent is paid again. */
async function landAgain(open: OpenPlace, candidate: Harvested): ReturnType<OpenPlace['land']> {
  for (let left = mostLandings - 1; ; left--) {
    const landed = await open.land(candidate)
    if (landed.ok || !landed.error.ownGit) return landed
    if (left === 0) return err({ ...landed.error, uncollected: true })
  }
}

/** Makes what was collected facts of the run. `base` is the commit that the agent started from; in place there is none. */
export function recordHarvest(recorder: Recorder, of: AttemptOf, harvest: Harvest, base: string | undefined): void {
  const { task, attempt } = of
  const taskId = task.id
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
  if (harvest.ignored) void recorder.record({ type: 'ignored_written', taskId, attempt, ...harvest.ignored })
  const offLimits = offLimitsText(harvest.offLimits)
  if (offLimits !== undefined) {
    void recorder.record({ type: 'notice', level: 'warning', text: `${taskId}: ${offLimits}` })
  }
  if (harvest.type === 'candidate') {
    const { commit, ref, leftOut, watched } = harvest
    void recorder.record({ type: 'candidate_created', taskId, attempt, commit, ref, leftOut })
    for (const path of watched) {
      const text = `${taskId}: its change to ${path} has no effect on this run, which uses what stood there at the start`
      void recorder.record({ type: 'notice', level: 'warning', text })
    }
  }
  if (harvest.hidden !== undefined && harvest.hidden.length > 0) {
    const named = listFirst(harvest.hidden, 3, (path) => path)
    const text = `${taskId}: left out, as its agent hid it from git by .git/info/exclude: ${named}`
    void recorder.record({ type: 'notice', level: 'warning', text })
  }
  for (const kept of harvest.kept) recordKept(recorder, of, kept, base)
}

/** What the agents of the attempt have written, and where what git ignores of it is kept: beside the attempt's files. */
export function writtenIn({ wrote, settings, of }: Pick<Ongoing, 'wrote' | 'settings' | 'of'>): Written {
  const keepIn = join(attemptDirectory(settings.attemptsDir, of.task.id, of.attempt), 'ignored')
  return { paths: [...wrote], keepIn }
}

/** Why what it did is no change, as far as it shows. */
function leftOutTexts({ offLimits, newIgnored = [] }: Extract<Harvest, { type: 'unchanged' }>): readonly string[] {
  const text = offLimitsText(offLimits)
  const ignored = `git ignores what is new: ${listFirst(newIgnored, 5, shownPath)}`
  return [...(text === undefined ? [] : [text]), ...(newIgnored.length === 0 ? [] : [ignored])]
}

/** Changes that were left out since agents may not make them, whatever the task. */
function offLimitsText(paths: readonly string[]): string | undefined {
  if (paths.length === 0) return undefined
  const allow = 'agents_may_configure: true in autopilot.yaml lets that land'
  return `its changes to ${listFirst(paths, 5, shownPath)} were left out, as they would configure later runs and agents (${allow})`
}

function shownPath(path: string): string {
  return cleanLine(path, 100)
}

/** A commit that is not on the target, and what it is to be compared with. */
export function recordKept(recorder: Recorder, { task, attempt }: AttemptOf, kept: Kept, base?: string): void {
  const from = base === undefined ? {} : { base }
  void recorder.record({ type: 'commit_kept', taskId: task.id, attempt, ...kept, ...from })
}
