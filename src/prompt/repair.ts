import type { TaskId } from '../domain/brand.js'
import { conflictRules, describeMerge, lastRule, unchanged, type MergedWork } from './merged-work.js'

/** What an agent is told when its work was refused. All of it except the numbers is outside text. */
export interface RepairContext extends MergedWork {
  readonly taskId: TaskId
  /** Counted from 1. */
  readonly round: number
  readonly rounds: number
  /** Why the work was kept out, with the end of what a gate printed. */
  readonly reason: string
  /** Nothing was merged: the directory is as the turn before left it. */
  readonly asLeft?: true
}

/** The prompt of a repair round. It goes to the conversation that did the work, else it tells all that is needed. */
export function renderRepair(context: RepairContext): string {
  const { briefing } = context
  const repair = [...reasonOf(context), ...workOf(context), ...rulesOf(context)].join('\n')
  return briefing ? `${briefing.prompt.trimEnd()}\n\n${repair}` : repair
}

function reasonOf({ taskId, round, rounds, reason, briefing }: RepairContext): readonly string[] {
  const whose = briefing ? "Another agent's work on this task" : 'Your work'
  return [
    '# Repair',
    '',
    // The task's own prompt has said it.
    ...(briefing ? [] : [`Task ${taskId}.`, '']),
    `${whose} was not accepted. This is repair round ${round} of ${rounds}. The reason:`,
    '',
    reason.trim(),
    '',
  ]
}

/** Where the work is now: as a rule the directory is not as the agent left it. */
function workOf(context: RepairContext): readonly string[] {
  const { briefing, asLeft } = context
  const head = ['## Where it stands now', '']
  if (asLeft) return [...head, `The current directory is as ${briefing ? 'that agent' : 'you'} left it.`, '']
  const whose = briefing ? 'That work' : 'Your work'
  return [
    ...head,
    `${whose} is in the current directory, merged with what others have finished since. Files may have changed, so read`,
    'them again. HEAD is the merge: `git diff HEAD^1` shows the work as a change of what others have finished,',
    '`git show HEAD^1:PATH` shows a file as others left it, and `git show HEAD^2:PATH` shows it with the work alone.',
    ...describeMerge(context),
  ]
}

function rulesOf(context: RepairContext): readonly string[] {
  return [
    '## What to do',
    '',
    ...conflictRules(context),
    "- Fix the cause of what is described above, and nothing else. Don't weaken a check.",
    `- Keep what others have finished. ${unchanged}`,
    lastRule,
    '',
  ]
}
