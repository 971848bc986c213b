import type { CommitId, TreeId } from '../../domain/brand.js'
import { cleanLine } from '../../domain/text.js'
import type { Result } from '../../domain/result.js'
import { git, gitBytes } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import type { Repository } from '../contract.js'
import { pathText, splitNul, type GitPath } from '../git-path.js'
import { readTexts } from '../git/objects.js'
import type { Conflict } from '../land/merge.js'

/** A file that tells of conflicts that no marker shows; work that still has it does not land. */
export const conflictNote = 'AUTOPILOT-CONFLICTS.txt'

/** What the note is about. */
interface Unmarked {
  readonly conflict: Conflict
  readonly paths: readonly GitPath[]
  /** What was merged, as the workspace's HEAD has it: the target's tip, then the work. */
  readonly merged: readonly [tip: CommitId, work: CommitId]
}

/**
 * Adds the note to the tree of a conflict. For a file that one side deleted and the other changed, a binary file or
 * two renames, git leaves one of the sides, and nobody would see that there was something to decide. The note's first
 * and last line look like markers, with their labels, so it is found like them. Four processes.
 */
export async function addNote(repository: Repository, unmarked: Unmarked): Promise<Result<TreeId, GitFailure>> {
  const { trusted } = repository
  const { tree } = unmarked.conflict
  const listed = await gitBytes(trusted, ['ls-tree', '-z', '--full-tree', tree])
  if (!listed.ok) return listed
  const entries = splitNul(listed.value)
  const isNote = (entry: string) => entry.endsWith(`\t${conflictNote}`)
  // One of an earlier round that is still there.
  const earlierNotes = await readTexts(
    repository,
    entries.filter(isNote).map((entry) => entry.split(/[ \t]/)[2] ?? ''),
    (text) => text,
  )
  if (!earlierNotes.ok) return earlierNotes
  const input = earlierNotes.value.join('') + noteText(unmarked)
  const blob = await git(trusted, ['hash-object', '-w', '--stdin'], { input })
  if (!blob.ok) return blob
  const all = [...entries.filter((entry) => !isNote(entry)), `100644 blob ${blob.value}\t${conflictNote}`]
  const made = await git<TreeId>(trusted, ['mktree', '-z'], {
    input: Buffer.from(all.map((entry) => `${entry}\0`).join(''), 'latin1'),
  })
  return made
}

function noteText({ conflict, paths, merged: [tip, work] }: Unmarked): string {
  const told = conflict.notes.filter((note) => note.paths.some((path) => paths.includes(path)))
  const silent = paths.filter((path) => !told.some((note) => note.paths.includes(path)))
  const named = (text: string) => cleanLine(text.replaceAll(tip, 'HEAD^1').replaceAll(work, 'HEAD^2'), 1000)
  return [
    `<<<<<<< ${tip}`,
    'git could not combine these files or mark the conflicts in them. HEAD^1 has what others have finished, HEAD^2 the work',
    'for this task. Decide on each file, then delete this one: as long as it exists, the work does not land.',
    '',
    ...told.map((note) => `- ${named(note.text)}`),
    ...silent.map((path) => `- ${pathText(path)}`),
    `>>>>>>> ${work}`,
    '',
  ].join('\n')
}
