import type { CommitId } from '../brand.js'

/** A commit of a history, as far as it can say that it undoes others. */
export interface HistoryCommit {
  readonly commit: CommitId
  readonly parents: readonly CommitId[]
  readonly subject: string
  readonly body: string
}

/**
 * The commits of a history that later commits undo, in git's words or in GitHub's. A revert that was itself reverted
 * undoes nothing. If a merge was reverted, everything is undone that it brought besides the remaining parent.
 *
 * @param commits - each before its parents
 */
export function undoneIn(commits: readonly HistoryCommit[]): ReadonlySet<CommitId> {
  const undone = new Set<CommitId>()
  const indexes = new Map(commits.map(({ commit }, index) => [commit, index]))
  const broughtBy = ({ commit, parents }: HistoryCommit, mainline = parents[0]) =>
    parents.length < 2 || mainline === undefined ? [commit] : between(commits, indexes, commit, mainline)
  for (const [index, candidate] of commits.entries()) {
    const { commit, body } = candidate
    if (undone.has(commit)) continue
    const pulled = pulledBefore(commits, indexes, candidate)
    if (pulled) broughtBy(pulled).forEach((brought) => undone.add(brought))
    for (const { id, mainline } of revertsIn(body)) {
      // A commit can't know the id of a later one, so the named commit comes after it in this order.
      const reverted = commits.find((other, place) => place > index && other.commit.startsWith(id))
      if (reverted === undefined) continue
      broughtBy(reverted, mainline).forEach((brought) => undone.add(brought))
    }
  }
  return undone
}

/** A pull request, as its commit on the target names it. */
interface Pull {
  readonly number: string
  readonly title: string
}

/**
 * The commit that a revert made by GitHub means: that of the pull request with this number and this title, if exactly
 * one is before it. If the description of a pull request becomes the message, it contains only the number and the
 * title.
 */
function pulledBefore(
  commits: readonly HistoryCommit[],
  indexes: ReadonlyMap<CommitId, number>,
  by: HistoryCommit,
): HistoryCommit | undefined {
  const number = /^Reverts [\w.-]+\/[\w.-]+#(\d+)\r?$/m.exec(by.body)?.[1]
  const [, word, quoted = ''] = /^(Revert|Reapply) "(.*)"$/.exec((pullOf(by) ?? { title: by.subject }).title) ?? []
  if (number === undefined || word === undefined) return undefined
  // git's name for the revert of a revert.
  const title = word === 'Reapply' ? `Revert "${quoted}"` : quoted
  const means = (pull: Pull | undefined) =>
    pull?.number === number && (pull.title === title || `${pull.title} (#${number})` === title)
  const known = commits.filter((commit) => means(pullOf(commit)))
  if (known.length === 0) return undefined
  const history = reach(commits, indexes, by.commit)
  const [pulled, ...others] = known.filter(({ commit }) => commit !== by.commit && history.has(commit))
  return others.length === 0 ? pulled : undefined
}

/**
 * GitHub's own forms: for a merge the title is the first line of the body, for a squash the number ends the subject.
 */
function pullOf({ subject, body }: HistoryCommit): Pull | undefined {
  const merged = /^Merge pull request #(\d+) from /.exec(subject)?.[1]
  if (merged !== undefined) return { number: merged, title: (body.split('\n', 1)[0] ?? '').trim() }
  const [, title, number] = /^(.*) \(#(\d+)\)$/.exec(subject) ?? []
  return title === undefined || number === undefined ? undefined : { number, title }
}

interface Revert {
  readonly id: string
  readonly mainline?: CommitId
}

/**
 * Only lines of the body that begin with these words count: a subject may be a task's title, and a quotation undoes
 * nothing. Source: git's sequencer.c; with `--reference` the id is abbreviated.
 */
function revertsIn(body: string): readonly Revert[] {
  const form = /^This reverts commit ([0-9a-f]{7,64})\b(?:, reversing\s+changes made to ([0-9a-f]{40,64})\b)?/gm
  return [...body.matchAll(form)].map(([, id = '', mainline]) =>
    mainline === undefined ? { id } : { id, mainline: mainline as CommitId },
  )
}

/** The commits in one history that the other lacks. */
function between(
  commits: readonly HistoryCommit[],
  indexes: ReadonlyMap<CommitId, number>,
  from: CommitId,
  without: CommitId,
): readonly CommitId[] {
  const left = reach(commits, indexes, without)
  return [...reach(commits, indexes, from)].filter((commit) => !left.has(commit))
}

/** The commits in a tip's history, including the tip. */
function reach(
  commits: readonly HistoryCommit[],
  indexes: ReadonlyMap<CommitId, number>,
  tip: CommitId,
): ReadonlySet<CommitId> {
  const seen = new Set<CommitId>()
  const waiting = [tip]
  for (let commit = waiting.pop(); commit !== undefined; commit = waiting.pop()) {
    const parents = commits[indexes.get(commit) ?? -1]?.parents
    if (!parents || seen.has(commit)) continue
    seen.add(commit)
    waiting.push(...parents)
  }
  return seen
}
