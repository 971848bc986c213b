import { exitCodes, type ExitCode } from './exit-code.js'
import { isPersonsHold } from './hold.js'
import type { RunState, TaskState } from './run-state.js'

/** How a run ended: the exit code, and why in a few words. */
export interface RunVerdict {
  readonly exitCode: ExitCode
  readonly why: string
}

/** What stopped a run before its end. */
export type Stop =
  | { readonly type: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' }
  | { readonly type: 'journal'; readonly message: string }

/** Judges a run that has come to its end, or was stopped, from its state alone. */
export function judgeRun(state: RunState, stop: Stop | undefined): RunVerdict {
  if (stop?.type === 'journal') {
    return { exitCode: exitCodes.notSafe, why: `the journal cannot be written: ${stop.message}` }
  }
  const open = [...state.tasks.values()].filter(({ state: task }) => isOpen(task))
  if (stop !== undefined) {
    return stop.signal === 'SIGINT'
      ? { exitCode: exitCodes.interrupted, why: 'interrupted' }
      : { exitCode: exitCodes.terminated, why: 'terminated' }
  }
  if (open.length === 0) return { exitCode: exitCodes.done, why: 'every selected task is done' }
  const limited = [...state.providers.values()].some(({ stopped }) => stopped?.kind === 'usage_limit')
  const unserved = open.some(({ state: task }) => task.type === 'held' && task.reason.type === 'unservable')
  if (limited && unserved) return { exitCode: exitCodes.again, why: 'a usage limit was reached' }
  return { exitCode: exitCodes.notDone, why: `${open.length} not done` }
}

function isOpen(task: TaskState): boolean {
  return task.type !== 'done' && !(task.type === 'held' && isPersonsHold(task.reason))
}
