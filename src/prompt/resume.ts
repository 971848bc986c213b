/** What an agent is told whose work was interrupted. All of it is outside text. */
export interface ResumeContext {
  readonly taskId: string
  /** Its directory: as it left it; another one with its work; or another one without it, as there was none yet. */
  readonly directory: 'as_left' | 'restored' | 'new'
  /** Files in which git left conflict markers, relative to the directory. */
  readonly conflicts: readonly string[]
}

/** Goes to the conversation that was interrupted. */
export function renderResume({ taskId, directory, conflicts }: ResumeContext): string {
  return [
    '# Interrupted',
    '',
    `Task ${taskId}.`,
    '',
    'You were stopped in the middle of this task, not for anything that you did. Now go on where you were.',
    '',
    '## Where it stands now',
    '',
    ...whereItStands[directory],
    ...(conflicts.length === 0 ? [] : conflictLines(conflicts)),
    '',
    '## What to do',
    '',
    '- Look at what is there before you go on; do not trust what you remember of files.',
    ...(conflicts.length === 0 ? [] : ['- Solve every conflict, and leave no conflict marker in any file.']),
    '- Finish the task. It and its rules are the same as before.',
    '- You need not commit. When it is done, end with a short summary of what you changed.',
    '',
  ].join('\n')
}

const whereItStands: Readonly<Record<ResumeContext['directory'], readonly string[]>> = {
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

function conflictLines(paths: readonly string[]): readonly string[] {
  return [
    '',
    'git could not combine the two in these files. Where it has put markers, what is above `=======` is what others have',
    'finished, what is below is yours:',
    '',
    ...paths.map((path) => `- ${path}`),
  ]
}
