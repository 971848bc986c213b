import { needsPerson, type EarlyStop } from './early-stop.js'
import { exitCodes, type ExitCode } from './exit-code.js'
import { consequencesOf, type FailureKind } from '../agent/failure.js'
import { isPersonsHold } from '../roadmap/hold.js'
import type { RunState, TaskRecord, TaskState } from './run-state.js'
import { plural } from '../text.js'

/** How a run ended: the exit code, and why in a few words. */
export interface RunVerdict {
  readonly exitCode: ExitCode
  readonly why: string
  /** The exit code if all tasks of the run counted; absent where they do. */
  readonly ofAll?: ExitCode
}

/** What stopped a run before its end. */
export type Stop =
  | { readonly type: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' }
  | { readonly type: 'journal'; readonly message: string }
  /** The watchdog cannot be kept alive: what runs would outlive autopilot. */
  | { readonly type: 'unguarded' }
  /** The run's lock was removed, or another took it while this one gave no sign of life. */
  | { readonly type: 'taken_over' }
  | ({ readonly type: 'early' } & EarlyStop)

/** Judges a run that has come to its end, or was stopped, from its state alone. */
export function judgeRun(state: RunState, stop: Stop | undefined): RunVerdict {
  const { only } = state
  if (!only) return judgeTasks([...state.tasks.values()], state, stop)
  const named = [...state.tasks.values()].filter(({ id }) => only.has(id))
  const verdict = judgeTasks(named, state, stop)
  const ofAll = judgeTasks([...state.tasks.values()], state, stop).exitCode
  const isLeft = [...state.tasks.values()].some(({ state: task }) => isUnfinished(task))
  // What was not named was not started, either.
  return { ...verdict, ofAll: isLeft && ofAll === exitCodes.notDone ? exitCodes.again : ofAll }
}

function judgeTasks(tasks: readonly TaskRecord[], state: RunState, stop: Stop | undefined): RunVerdict {
  if (stop?.type === 'journal') {
    return { exitCode: exitCodes.notSafe, why: `the journal cannot be written: ${stop.message}` }
  }
  if (stop?.type === 'unguarded') {
    return {
      exitCode: exitCodes.notSafe,
      why: 'the watchdog that ends agents with autopilot was killed again and again',
    }
  }
  if (stop?.type === 'taken_over') {
    return { exitCode: exitCodes.notSafe, why: 'another run took over the lock of this run, or somebody removed it' }
  }
  const open = tasks.filter(({ state: task }) => isOpen(task))
  if (stop?.type === 'signal') {
    return stop.signal === 'SIGINT'
      ? { exitCode: exitCodes.interrupted, why: 'interrupted' }
      : { exitCode: exitCodes.terminated, why: 'terminated' }
  }
  // Whatever has landed before: what was changed there stands there.
  if (state.stopping?.reason === 'tampered') return { exitCode: exitCodes.notSafe, why: state.stopping.why }
  if (open.length === 0) return { exitCode: exitCodes.done, why: 'every selected task is done' }
  // What failed for good would fail again; what wasn't started, or was interrupted, is worth another run.
  const early = stop ?? state.stopping
  if (early && open.some(({ state: task }) => isUnfinished(task))) {
    return { exitCode: needsPerson(early) ? exitCodes.notSafe : exitCodes.again, why: early.why }
  }
  const uncollected = open.filter(({ state: task }) => task.type === 'failed' && task.failure.uncollected)
  if (uncollected.length > 0) {
    const why = `finished work of ${plural(uncollected.length, 'task')} waits to be collected or landed`
    return { exitCode: exitCodes.again, why }
  }
  const limited = [...state.providers.values()].some(({ stopped }) => isPassing(stopped?.kind))
  const unserved = open.some(({ state: task }) => task.type === 'held' && task.reason.type === 'unservable')
  if (limited && unserved) return { exitCode: exitCodes.again, why: 'a limit was reached' }
  return { exitCode: exitCodes.notDone, why: `${open.length} not done` }
}

/** A provider that is out for this reason may be back in another run. */
function isPassing(kind: FailureKind | undefined): boolean {
  return kind !== undefined && consequencesOf(kind).returns === true
}

function isUnfinished({ type }: TaskState): boolean {
  return type !== 'done' && type !== 'failed' && type !== 'held'
}

function isOpen(task: TaskState): boolean {
  return task.type !== 'done' && !(task.type === 'held' && isPersonsHold(task.reason))
}
