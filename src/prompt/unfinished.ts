import type { TaskId } from '../domain/brand.js'
import { lastRule, unchanged } from './merged-work.js'

/** What an agent is told if its turn ended before its work did. All of it is outside text. */
export interface UnfinishedContext {
  readonly taskId: TaskId
  /** What was still running, or waited for, and has been ended. */
  readonly left: readonly string[]
  /** Something that git was in the middle of is among it. */
  readonly inGit?: boolean
  /** For an agent that does not know the work: the task's own prompt. */
  readonly prompt?: string
}

const inMiddle = [
  '- Git is still in the middle of an operation. `git status` says where it stands and what comes next. Resolve each',
  '  conflict, remove the markers and `git add` the files. Then take the operation to its end, or abort it and do the work',
  '  another way.',
]

/** Goes to the conversation that left work unfinished, else it tells all that is needed. */
export function renderUnfinished({ taskId, left, inGit = false, prompt }: UnfinishedContext): string {
  const head = prompt === undefined ? [`Task ${taskId}.`, '', 'Your turn ended'] : ["Another agent's turn ended"]
  const text = [
    '# Not finished',
    '',
    `${head.join('\n')} before the work did. This was still going on (what was running has been stopped):`,
    '',
    ...left.map((what) => `- ${what}`),
    '',
    prompt === undefined
      ? 'The current directory is as it was at that moment.'
      : 'The current directory is as that agent left it; `git status` and `git diff` show its changes.',
    '',
    '## What to do',
    '',
    '- See what came of it. Run again what still matters, in the foreground, and wait for it before your turn ends.',
    ...(inGit ? inMiddle : []),
    '- Nothing wakes you up later: when your turn ends, your process ends, and so does everything it started.',
    '- If you need a server, start it, use it and stop it in one command.',
    `- Then finish the task. ${unchanged}`,
    lastRule,
    '',
  ].join('\n')
  return prompt === undefined ? text : `${prompt.trimEnd()}\n\n${text}`
}
