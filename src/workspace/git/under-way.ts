import { access } from 'node:fs/promises'
import { join } from 'node:path'

/** What git keeps while a person is in the middle of something. Source: git's wt-status.c, `wt_status_get_state`. */
const marks: readonly (readonly [file: string, what: string])[] = [
  ['MERGE_HEAD', 'A merge'],
  ['CHERRY_PICK_HEAD', 'A cherry-pick'],
  ['REVERT_HEAD', 'A revert'],
  ['rebase-merge', 'A rebase'],
  ['rebase-apply', 'A rebase, or git am,'],
]

/** What a person has begun in a work tree and not ended, in words that begin a sentence; a branch must not move under it. */
export async function findUnderWay(gitDir: string): Promise<string | undefined> {
  for (const [file, what] of marks) {
    const isThere = await access(join(gitDir, file)).then(
      () => true,
      () => false,
    )
    if (isThere) return what
  }
  return undefined
}
