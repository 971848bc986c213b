import type { CommitId, RefName, RunId } from '../../domain/brand.js'
import { ok, type Result } from '../../domain/result.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import type { GitFailure } from '../../platform/git/git-failure.js'
import { outsideOf } from './gone.js'
import { readUndone } from './undone.js'

/** What a target had when it started over, and the commit of the user's history that has all of it. */
export interface SetAside {
  readonly tip: CommitId
  readonly by: CommitId
}

/** The ref that holds a target's old tip from before a run started it over. */
export function setAsideRef(runId: RunId, by: CommitId): RefName {
  return `refs/autopilot/${runId}/target/${by}`
}

/** All such refs, of whatever run. Source: git-for-each-ref(1) and git-rev-list(1), patterns. */
export const setAsideRefs = 'refs/autopilot/*/target/*'

/** Whether the part of a ref's name behind the run's id is that of {@link setAsideRef}. */
export function isSetAside(rest: string): boolean {
  return /^target\/(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(rest)
}

/**
 * A target's old tips, from each time that it started over: it has the work of these commits, but not the commits. One
 * that belongs to another target, or whose commit in the user's history was reverted or rewritten, doesn't count.
 *
 * @param ahead - what a run would set aside
 */
export async function setAsideFrom(
  place: GitPlace,
  tips: readonly (CommitId | RefName)[],
  ahead: readonly SetAside[] = [],
): Promise<Result<readonly CommitId[], GitFailure>> {
  const listed = await git(place, ['for-each-ref', '--format=%(refname:lstrip=4)%00%(objectname)', setAsideRefs])
  if (!listed.ok) return listed
  const known = listed.value.split('\n').flatMap((line): SetAside[] => {
    const [by = '', tip = ''] = line.split('\0') as (CommitId | '')[]
    return by !== '' && tip !== '' && isSetAside(`target/${by}`) ? [{ by, tip }] : []
  })
  let open = [...ahead, ...known]
  const found = new Set<CommitId>()
  while (open.length > 0) {
    const reached = [...tips, ...found]
    const outside = await outsideOf(
      place,
      open.map(({ by }) => by),
      reached,
    )
    if (!outside.ok) return outside
    const undone = await readUndone(place, reached)
    if (!undone.ok) return undone
    const counts = open.filter(({ by }) => !outside.value.has(by) && !undone.value.has(by))
    if (counts.length === 0) break
    open = open.filter((one) => !counts.includes(one))
    for (const { tip } of counts) found.add(tip)
  }
  return ok([...found])
}
