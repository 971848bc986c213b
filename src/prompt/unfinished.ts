/** What an agent is told whose turn ended before its work did. All of it is outside text. */
export interface UnfinishedContext {
  readonly taskId: string
  /** What was still running, or waited for, and has been ended. */
  readonly left: readonly string[]
  /** Something that git was in the middle of is among it. */
  readonly inGit?: boolean
  /** For an agent that does not know the work: the task's own prompt. */
  readonly prompt?: string
}

const inMiddle = [
  '- Git is still in the middle of it, and what it had yet to do is not done. `git status` says where it stands and what',
  '  follows. Resolve each conflict, take out the markers, `git add` the files, then let it go on to its end, or abort it',
  '  and do the work in another way.',
]

/** Goes to the conversation that left work unfinished, else it tells all that is needed. */
export function renderUnfinished({ taskId, left, inGit = false, prompt }: UnfinishedContext): string {
  const head = prompt === undefined ? [`Task ${taskId}.`, '', 'Your turn ended'] : ["Another agent's turn ended"]
  const text = [
    '# Not finished',
    '',
    `${head.join('\n')} before its work did. This was still going on (what ran has been ended):`,
    '',
    ...left.map((what) => `- ${what}`),
    '',
    prompt === undefined
      ? 'The current directory is as it was at that moment.'
      : 'The current directory is as that agent left it; `git status` and `git diff` show what it had changed.',
    '',
    '## What to do',
    '',
    '- Look at what came of it. Whatever still matters must run again, in the foreground, and end before your turn does.',
    ...(inGit ? inMiddle : []),
    '- Nothing wakes you up: when your turn ends, your process ends, and everything that it started.',
    '- If you need a server, start it, use it and stop it inside one command.',
    '- Then finish the task. It and its rules are the same as before.',
    '- You need not commit. When it is done, end with a short summary of what you changed.',
    '',
  ].join('\n')
  return prompt === undefined ? text : `${prompt.trimEnd()}\n\n${text}`
}
