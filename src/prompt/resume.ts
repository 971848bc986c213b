import type { TaskId } from '../domain/brand.js'
import { conflictRules, describeMerge, lastRule, unchanged, type MergedWork } from './merged-work.js'

/** What an agent is told whose work was interrupted. All of it is outside text. */
export interface ResumeContext extends MergedWork {
  readonly taskId: TaskId
  /** Its directory: as it left it; another one with its work; or another one without it, as there was none yet. */
  readonly directory: Directory
  /** What its last turn left unfinished, where it had ended before its work did. */
  readonly left: readonly string[]
  /** Why the attempt before was cut off, and how long this one may take, ms; absent where the run was interrupted. */
  readonly cutOff?: { readonly why: string; readonly timeoutMs: number }
  /** Its agent had ended well, before the task was given another text. */
  readonly hadFinished?: boolean
  /** The task's prompt as it is now, where the task says something else than its agent was told. */
  readonly reworded?: string
}

type Directory = 'as_left' | 'restored' | 'new'

/** Goes to the conversation that was interrupted, else it tells all that is needed. */
export function renderResume(context: ResumeContext): string {
  const { briefing } = context
  const head = [...headOf(context), '', '## Where it stands now', '']
  const resume = [...head, ...placeOf(context), ...rulesOf(context)].join('\n')
  return briefing ? `${briefing.prompt.trimEnd()}\n\n${resume}` : resume
}

function headOf(context: ResumeContext): readonly string[] {
  const { taskId, briefing, reworded } = context
  if (reworded !== undefined) return rewordedHead(context, reworded)
  if (context.cutOff) return cutOffHead(context, context.cutOff)
  const told = briefing
    ? [
        'Another agent began this task and was stopped in the middle, through no fault of its own. Go on where it stopped.',
      ]
    : [
        `Task ${taskId}.`,
        '',
        'You were stopped in the middle of this task, through no fault of your own. Go on where you stopped.',
      ]
  return ['# Interrupted', '', ...told]
}

function cutOffHead({ taskId, briefing }: ResumeContext, { why, timeoutMs }: NonNullable<ResumeContext['cutOff']>) {
  const told = briefing
    ? ['Another agent began this task and was cut off in the middle. Go on where it stopped. What happened:']
    : [`Task ${taskId}.`, '', 'You were cut off in the middle of this task. Go on where you stopped. What happened:']
  const minutes = Math.max(1, Math.round(timeoutMs / 60_000))
  return [
    ...['# Cut off', '', ...told, '', quoted(why), ''],
    `You have ${minutes === 1 ? 'about a minute' : `${minutes} minutes`} for what is left. Start with what matters most.`,
  ]
}

/** The whole text stands here: what an agent was told before, and what holds no more, it should not have to guess. */
function rewordedHead({ taskId, briefing, hadFinished }: ResumeContext, reworded: string): readonly string[] {
  if (briefing)
    return [
      ...['# Changed', ''],
      'Another agent worked on an earlier version of this task. The text above is the one that counts. Keep the',
      'parts of that work that serve it, and change or undo the rest.',
    ]
  return [
    ...['# Changed', '', `Task ${taskId}.`, ''],
    hadFinished === true
      ? 'You had finished this task, but your work was not merged, and the task has changed since.'
      : 'You were stopped in the middle of this task, through no fault of your own. The task has changed since.',
    'This is the task now, in place of what you were told before:',
    ...['', ...reworded.trimEnd().split('\n').map(quoted), ''],
    'Keep the parts of your work that serve it, and change or undo the rest.',
  ]
}

function quoted(line: string): string {
  return line === '' ? '>' : `> ${line}`
}

function placeOf(context: ResumeContext): readonly string[] {
  return [...(context.briefing ? forAnother : forItself)[context.directory], ...describeMerge(context)]
}

const forItself: Readonly<Record<Directory, readonly string[]>> = {
  as_left: [
    'The current directory is as it was at that moment. An edit or a command may be half done, and whatever you had started',
    'in the background is gone.',
  ],
  restored: [
    'This is a different directory than before. It has your work so far, merged with what others have finished since; files',
    'that git ignores are not there. HEAD is the merge: `git diff HEAD^1` shows your work as a change of what others have',
    'finished.',
  ],
  new: [
    'This is a different directory than before. It has what others have finished, and nothing of yours: there was no change',
    'of yours that could be kept. Whatever you remember changing, change again.',
  ],
}

const forAnother: Readonly<Record<Directory, readonly string[]>> = {
  as_left: [
    'The current directory is as that agent left it. An edit or a command may be half done. `git status` and `git diff` show',
    'its uncommitted changes, `git log` shows its commits.',
  ],
  restored: [
    "The current directory has that agent's work so far, merged with what others have finished since. HEAD is the merge:",
    '`git diff HEAD^1` shows the work as a change of what others have finished.',
  ],
  new: ['Nothing of its work was kept: the current directory has only what others have finished.'],
}

function rulesOf(context: ResumeContext): readonly string[] {
  const { left, reworded } = context
  return [
    '## What to do',
    '',
    "- Look at the files before you go on. Don't trust what you remember of them.",
    ...(left.length === 0
      ? []
      : [
          '- This was still running or waiting when the last turn ended, and was stopped. Run again what still matters, in the',
          '  foreground, and wait for it before your turn ends:',
          ...left.map((what) => `  - ${what}`),
        ]),
    ...conflictRules(context),
    reworded === undefined ? `- Finish the task. ${unchanged}` : '- Finish the task as it reads now.',
    lastRule,
    '',
  ]
}
