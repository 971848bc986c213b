/** What an agent is told whose work was interrupted. All of it is outside text. */
export interface ResumeContext {
  readonly taskId: string
  /** Its directory: as it left it; another one with its work; or another one without it, as there was none yet. */
  readonly directory: Directory
  /** What its last turn left unfinished, where it had ended before its work did. */
  readonly left: readonly string[]
  /** Files in which git left conflict markers, relative to the directory. */
  readonly conflicts: readonly string[]
  /** A file there that tells of conflicts without markers. */
  readonly note?: string
  /** Why the attempt before was cut off, and how long this one may take, ms; absent where the run was interrupted. */
  readonly cutOff?: { readonly why: string; readonly timeoutMs: number }
  /** Its agent had ended well, before the task was given another text. */
  readonly hadFinished?: boolean
  /** The task's prompt as it is now, where the task says something else than its agent was told. */
  readonly reworded?: string
  /** For an agent that does not know the work: the task's own prompt, and the work so far as a diff, where it is known. */
  readonly afresh?: { readonly prompt: string; readonly diff: string }
}

type Directory = 'as_left' | 'restored' | 'new'

/** Goes to the conversation that was interrupted, else it tells all that is needed. */
export function renderResume(context: ResumeContext): string {
  const { afresh } = context
  const resume = [...headOf(context), ...placeOf(context), ...rulesOf(context)].join('\n')
  return afresh ? `${afresh.prompt.trimEnd()}\n\n${resume}` : resume
}

function headOf(context: ResumeContext): readonly string[] {
  const { taskId, afresh, reworded } = context
  if (reworded !== undefined) return rewordedHead(context, reworded)
  if (context.cutOff) return cutOffHead(context, context.cutOff)
  const told = afresh
    ? ['Another agent began this task and was stopped in the middle, not for anything that it did. Go on where it was.']
    : [
        `Task ${taskId}.`,
        '',
        'You were stopped in the middle of this task, not for anything that you did. Now go on where you were.',
      ]
  return ['# Interrupted', '', ...told, '', '## Where it stands now', '']
}

function cutOffHead({ taskId, afresh }: ResumeContext, { why, timeoutMs }: NonNullable<ResumeContext['cutOff']>) {
  const told = afresh
    ? ['Another agent began this task and was cut off in the middle of it. Go on where it was. What happened:']
    : [`Task ${taskId}.`, '', 'You were cut off in the middle of this task. Now go on where you were. What happened:']
  const minutes = Math.max(1, Math.round(timeoutMs / 60_000))
  return [
    ...['# Cut off', '', ...told, '', quoted(why), ''],
    `You have ${minutes === 1 ? 'about a minute' : `${minutes} minutes`} for what is left. Begin with what matters most.`,
    ...['', '## Where it stands now', ''],
  ]
}

/** The whole text stands here: what an agent was told before, and what holds no more, it should not have to guess. */
function rewordedHead({ taskId, afresh, hadFinished }: ResumeContext, reworded: string): readonly string[] {
  if (afresh)
    return [
      ...['# Changed', ''],
      'Another agent worked on an earlier text of this task. The text above is the one that holds: keep what serves it of',
      'what that agent made, and change or undo the rest.',
      ...['', '## Where it stands now', ''],
    ]
  return [
    ...['# Changed', '', `Task ${taskId}.`, ''],
    hadFinished === true
      ? 'You had finished this task, but your work has not arrived, and the text of the task has changed since.'
      : 'You were stopped in the middle of this task, not for anything that you did. Its text has changed since.',
    'This is the text that holds now, in place of what you were told before:',
    ...['', ...reworded.trimEnd().split('\n').map(quoted), ''],
    'Keep what serves it of what you made, and change or undo the rest.',
    ...['', '## Where it stands now', ''],
  ]
}

function quoted(line: string): string {
  return line === '' ? '>' : `> ${line}`
}

function placeOf({ directory, conflicts, note, afresh }: ResumeContext): readonly string[] {
  return [
    ...(afresh ? forAnother : forItself)[directory],
    ...(conflicts.length === 0 ? [] : conflictLines(conflicts)),
    ...(note === undefined ? [] : ['', `Into some of them it could put no markers: ${note} tells of those.`]),
    ...(afresh && afresh.diff !== '' ? ['', 'As a diff:', '', afresh.diff.replace(/^/gm, '    ')] : []),
    '',
  ]
}

const forItself: Readonly<Record<Directory, readonly string[]>> = {
  as_left: [
    'The current directory is as it was at that moment: an edit or a command that was under way may be half done, and',
    'what you had started in the background is gone.',
  ],
  restored: [
    'The current directory is another one than before. It has your work so far, together with what others have finished',
    'meanwhile; what git ignores is not there. Commit HEAD is a merge of the two: `git diff HEAD^1` shows your work as a',
    'change of what others have finished.',
  ],
  new: [
    'The current directory is another one than before, as others have left it. You had not changed anything yet that',
    'could be kept: what you remember to have changed is to be done again.',
  ],
}

const forAnother: Readonly<Record<Directory, readonly string[]>> = {
  as_left: [
    'The current directory is as that agent left it: an edit or a command that was under way may be half done. `git status`',
    'and `git diff` show what it had changed and not committed, `git log` what it had committed.',
  ],
  restored: [
    'The current directory has the work of that agent so far, together with what others have finished meanwhile. Commit',
    'HEAD is a merge of the two: `git diff HEAD^1` shows the work as a change of what others have finished.',
  ],
  new: ['Nothing of its work was kept: the current directory is as others have left it.'],
}

function conflictLines(paths: readonly string[]): readonly string[] {
  return [
    '',
    'git could not combine the two in these files. Where it has put markers, what is above `=======` is what others have',
    'finished, what is below is the work for this task:',
    '',
    ...paths.map((path) => `- ${path}`),
  ]
}

function rulesOf({ left, conflicts, note, reworded }: ResumeContext): readonly string[] {
  return [
    '## What to do',
    '',
    '- Look at what is there before you go on; do not trust what you remember of files.',
    ...(left.length === 0
      ? []
      : [
          '- This was still running or waiting when the last turn ended, and has been ended. Whatever of it still matters must',
          '  run again, in the foreground, and end before your turn does:',
          ...left.map((what) => `  - ${what}`),
        ]),
    ...(conflicts.length === 0 ? [] : ['- Solve every conflict, and leave no conflict marker in any file.']),
    ...(note === undefined ? [] : [`- Decide on every conflict that ${note} names, then delete that file.`]),
    reworded === undefined
      ? '- Finish the task. It and its rules are the same as before.'
      : '- Finish the task as its text is now.',
    '- You need not commit. When it is done, end with a short summary of what you changed.',
    '',
  ]
}
