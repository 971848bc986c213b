import type { Failure } from '../../domain/agent/failure.js'
import { openRefusals } from '../../domain/agent/refusal.js'
import type { CommitId } from '../../domain/brand.js'
import { isPersonsHold } from '../../domain/roadmap/hold.js'
import type { PlannedTask } from '../../domain/roadmap/plan.js'
import type { KeptCommit, TaskRecord, TaskState } from '../../domain/run/run-state.js'
import { cleanLine, cleanName } from '../../domain/text.js'
import type { DiffStat, FailedAttempt, ReportTask } from '../form.js'
import type { Setback, TaskHistory } from './task-history.js'
import { rounded } from './rounded.js'
import type { ReportWords } from './words.js'

/** All that is known of one task. */
export interface TaskFacts {
  readonly record: TaskRecord
  readonly planned: PlannedTask | undefined
  readonly history: TaskHistory
  readonly kept: KeptCommit | undefined
  readonly diffs: ReadonlyMap<CommitId, DiffStat>
  readonly words: ReportWords
}

export function taskRow({ record, planned, history, kept, diffs, words }: TaskFacts): ReportTask {
  const { id, title, state, attempts, used } = record
  const { startedMs, endedMs, workMs, agent, verdicts, setbacks, excerpt } = history
  const commit = state.type === 'done' ? state.commit : kept?.commit
  const diff = commit === undefined ? undefined : diffs.get(commit)
  return {
    id,
    title: cleanLine(title, 300),
    ...(planned?.groups ? { groups: planned.groups } : {}),
    ...(planned?.waitsFor ? { waitsFor: planned.waitsFor } : {}),
    state: state.type,
    ...stateFacts(state, words),
    attempts: attempts.started,
    counted: attempts.counted,
    ...(agent === undefined ? {} : { agent }),
    ...(startedMs === undefined ? {} : { startedMs }),
    ...(endedMs === undefined ? {} : { endedMs }),
    workMs: rounded(workMs),
    used,
    ...(diff ? { diff } : {}),
    ...(verdicts.length > 0 ? { verdicts: [...verdicts] } : {}),
    ...failuresOf(state, setbacks, words),
    ...notesOf(record),
    ...(excerpt.length > 0 ? { excerpt: [...excerpt] } : {}),
    ...(kept && state.type !== 'done' ? { kept: keptOf(kept) } : {}),
  }
}

function keptOf({ ref, commit, why }: KeptCommit): NonNullable<ReportTask['kept']> {
  return { ref, commit, why: cleanLine(why, 300) }
}

type StateFacts = Pick<
  ReportTask,
  'how' | 'commit' | 'reason' | 'kind' | 'detail' | 'log' | 'paths' | 'held' | 'attempt' | 'slot'
>

function stateFacts(state: TaskState, words: ReportWords): StateFacts {
  switch (state.type) {
    case 'done':
      return { how: state.how, ...(state.commit === undefined ? {} : { commit: state.commit }) }
    case 'failed': {
      const { kind, paths = [] } = state.failure
      return {
        kind,
        reason: cleanLine(words.failure(state.failure), 1000),
        ...printedOf(state.failure, words),
        ...(paths.length > 0 ? { paths: paths.slice(0, 50).map((path) => cleanName(path, 300)) } : {}),
      }
    }
    case 'held': {
      const held = isPersonsHold(state.reason) ? 'person' : 'run'
      return { held, reason: cleanLine(words.hold(state.reason), 1000) }
    }
    case 'queued':
    case 'merging':
      return { attempt: state.attempt }
    case 'running':
    case 'verifying':
      return { attempt: state.attempt, ...(state.slot === undefined ? {} : { slot: state.slot }) }
    case 'pending':
    case 'canceled':
      return {}
  }
}

/** Why it failed before; that of its state is told there. */
function failuresOf(state: TaskState, setbacks: readonly Setback[], words: ReportWords): Pick<ReportTask, 'failures'> {
  const last = state.type === 'failed' ? setbacks.at(-1) : undefined
  const isTold = last !== undefined && state.type === 'failed' && last.failure.message === state.failure.message
  const earlier = isTold ? setbacks.slice(0, -1) : setbacks
  if (earlier.length === 0) return {}
  return {
    failures: earlier.map(({ attempt, round, failure }): FailedAttempt => ({
      attempt,
      ...(round === undefined ? {} : { round }),
      kind: failure.kind,
      reason: cleanLine(words.failure(failure), 1000),
      ...printedOf(failure, words),
    })),
  }
}

/** How what was printed ended, and where all of it is. */
function printedOf(failure: Failure, { lines }: ReportWords): Pick<FailedAttempt, 'detail' | 'log'> {
  const { log, ...shown } = failure
  const detail = lines(shown).join('\n')
  return { ...(detail === '' ? {} : { detail }), ...(log === undefined ? {} : { log }) }
}

type Notes = Pick<ReportTask, 'refusals' | 'leftovers' | 'ignored'>

function notesOf({ refusals, leftovers = [], ignored }: TaskRecord): Notes {
  const open = openRefusals(refusals).slice(0, 20)
  return {
    ...(open.length > 0
      ? {
          refusals: open.map(({ tool, target, times }) => ({
            tool: cleanLine(tool, 60),
            ...(target === undefined ? {} : { target: cleanLine(target, 200) }),
            times,
          })),
        }
      : {}),
    ...(leftovers.length > 0 ? { leftovers: leftovers.slice(0, 20).map((what) => cleanLine(what, 200)) } : {}),
    ...(ignored ? { ignored: ignored.paths.slice(0, 50).map((path) => cleanName(path, 300)) } : {}),
  }
}
