/** What an agent is told when its work was kept out. All of it but the numbers is outside text. */
export interface RepairContext {
  readonly taskId: string
  /** Counted from 1. */
  readonly round: number
  readonly rounds: number
  /** Why the work was kept out, with the end of what a gate printed. */
  readonly reason: string
  /** Files in which git left conflict markers, relative to the workspace. */
  readonly conflicts: readonly string[]
  /** The file that tells of conflicts without markers. */
  readonly note?: string
  /** Nothing was brought together: the directory is as the turn before left it. */
  readonly asLeft?: true
  /** For an agent that does not know the work: the task's own prompt, and the work so far as a diff. */
  readonly afresh?: { readonly prompt: string; readonly diff: string }
}

/** The prompt of a repair round. It goes to the conversation that did the work, else it tells all that is needed. */
export function renderRepair(context: RepairContext): string {
  const { afresh } = context
  const repair = [...reasonOf(context), ...workOf(context), ...rulesOf(context)].join('\n')
  return afresh ? `${afresh.prompt.trimEnd()}\n\n${repair}` : repair
}

function reasonOf({ taskId, round, rounds, reason, afresh }: RepairContext): readonly string[] {
  const whose = afresh ? 'What another agent did for this task' : 'Your work'
  return [
    '# Repair',
    '',
    // The task's own prompt has said it.
    ...(afresh ? [] : [`Task ${taskId}.`, '']),
    `${whose} was not taken over. This is repair round ${round} of ${rounds}. The reason:`,
    '',
    reason.trim(),
    '',
  ]
}

/** Where the work is now: the directory is not as the agent left it. */
function workOf({ conflicts, note, afresh, asLeft }: RepairContext): readonly string[] {
  if (asLeft) return ['## Where it stands now', '', 'The current directory is as it was left.', '']
  const whose = afresh ? 'That work' : 'Your work'
  return [
    '## Where it stands now',
    '',
    `${whose} is in the current directory, together with what others have finished meanwhile; files may have changed,`,
    'so read them again. Commit HEAD is a merge of the two: `git diff HEAD^1` shows the work as a change of what others',
    'have finished, `git show HEAD^1:PATH` a file of theirs, `git show HEAD^2:PATH` one of the work alone.',
    ...(conflicts.length === 0 ? [] : conflictLines(conflicts)),
    ...(note === undefined ? [] : ['', `Into some of them it could put no markers: ${note} tells of those.`]),
    ...(afresh && afresh.diff !== '' ? ['', 'As a diff:', '', afresh.diff.replace(/^/gm, '    ')] : []),
    '',
  ]
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

function rulesOf({ conflicts, note }: RepairContext): readonly string[] {
  return [
    '## What to do',
    '',
    ...(conflicts.length === 0
      ? []
      : ['- Solve every conflict so that both intentions hold, and leave no conflict marker in any file.']),
    ...(note === undefined ? [] : [`- Decide on every conflict that ${note} names, then delete that file.`]),
    '- Repair the cause of what is told above, and nothing else; do not weaken a check.',
    '- Keep what others have finished. The task and its rules are the same as before.',
    '- You need not commit. When it is done, end with a short summary of what you changed.',
    '',
  ]
}
