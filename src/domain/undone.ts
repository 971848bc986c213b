/** A commit of a history, as far as it may tell that it undoes others. */
export interface HistoryCommit {
  readonly commit: string
  readonly parents: readonly string[]
  readonly body: string
}

/**
 * The commits of a history that later ones of it say they undo, in git's words. A revert that was reverted itself undoes
 * nothing. Where a merge was reverted, all is undone that it brought beside the parent that stays.
 *
 * @param commits - each before its parents
 */
export function undoneIn(commits: readonly HistoryCommit[]): ReadonlySet<string> {
  const undone = new Set<string>()
  const at = new Map(commits.map(({ commit }, index) => [commit, index]))
  for (const [index, { commit, body }] of commits.entries()) {
    if (undone.has(commit)) continue
    for (const { id, mainline } of revertsIn(body)) {
      // A commit cannot know the id of one that comes after it: what is named stands behind it.
      const of = commits.find((other, place) => place > index && other.commit.startsWith(id))
      if (of === undefined) continue
      const left = of.parents.length < 2 ? undefined : (mainline ?? of.parents[0])
      const brought = left === undefined ? [of.commit] : between(commits, at, of.commit, left)
      for (const one of brought) undone.add(one)
    }
  }
  return undone
}

interface Revert {
  readonly id: string
  readonly mainline?: string
}

/**
 * Only lines that begin with the words count, and only of the body: a subject may be a task's title, and a quotation
 * undoes nothing. Source: git's sequencer.c; with `--reference` the id is abbreviated.
 */
function revertsIn(body: string): readonly Revert[] {
  const form = /^This reverts commit ([0-9a-f]{7,64})\b(?:, reversing\s+changes made to ([0-9a-f]{40,64})\b)?/gm
  return [...body.matchAll(form)].map(([, id = '', mainline]) => (mainline === undefined ? { id } : { id, mainline }))
}

/** The commits that one has in its history and the other has not. */
function between(
  commits: readonly HistoryCommit[],
  at: ReadonlyMap<string, number>,
  from: string,
  without: string,
): readonly string[] {
  const reach = (tip: string) => {
    const seen = new Set<string>()
    const waiting = [tip]
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      const parents = commits[at.get(one) ?? -1]?.parents
      if (!parents || seen.has(one)) continue
      seen.add(one)
      waiting.push(...parents)
    }
    return seen
  }
  const left = reach(without)
  return [...reach(from)].filter((one) => !left.has(one))
}
