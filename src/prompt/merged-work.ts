/** Work that was merged with what others have finished, and where that wasn't possible. */
export interface MergedWork {
  /** Files in which git left conflict markers, relative to the workspace. */
  readonly conflicts: readonly string[]
  /** The file that tells of conflicts without markers. */
  readonly note?: string
  /** For an agent that doesn't know the work: the task's own prompt, and the work so far as a diff, if it is known. */
  readonly briefing?: { readonly prompt: string; readonly diff: string }
}

/** What git couldn't merge, and the work for an agent that doesn't know it. */
export function describeMerge({ conflicts, note, briefing }: MergedWork): readonly string[] {
  return [
    ...(conflicts.length === 0 ? [] : [...unmerged, ...conflicts.map((path) => `- ${path}`)]),
    ...(note === undefined ? [] : ['', `Git could not put markers into all of them: ${note} lists the others.`]),
    ...(briefing && briefing.diff !== '' ? ['', 'As a diff:', '', briefing.diff.replace(/^/gm, '    ')] : []),
    '',
  ]
}

const unmerged = [
  '',
  'Git could not merge these files. Where it put markers, the part above `=======` is what others have finished, and the',
  'part below is the work for this task:',
  '',
]

/** What is to be done about conflicts. */
export function conflictRules({ conflicts, note }: MergedWork): readonly string[] {
  return [
    ...(conflicts.length === 0
      ? []
      : ['- Resolve every conflict so that both changes keep their meaning. Leave no conflict marker in any file.']),
    ...(note === undefined ? [] : [`- Decide every conflict that ${note} lists, then delete that file.`]),
  ]
}

/** Of every prompt that follows the task's own. */
export const unchanged = 'The task and its rules have not changed.'
export const lastRule = "- You don't need to commit. When you are done, end with a short summary of what you changed."
