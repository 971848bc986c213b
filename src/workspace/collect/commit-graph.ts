import type { CommitId } from '../../domain/brand.js'

/** Commits with their parents, as far as they aren't reachable from some base. */
export type CommitGraph = ReadonlyMap<CommitId, readonly CommitId[]>

/** Reads `git rev-list --parents`: a commit and its parents on each line. */
export function parseGraph(output: string): CommitGraph {
  const graph = new Map<CommitId, readonly CommitId[]>()
  for (const line of output.split('\n')) {
    const [commit, ...parents] = line.split(' ') as CommitId[]
    if (commit !== undefined && line !== '') graph.set(commit, parents)
  }
  return graph
}

/** Whether an id that an agent left somewhere is that of a commit in the graph. */
export function isIn(graph: CommitGraph, id: string): id is CommitId {
  return graph.has(id as CommitId)
}

/** The commits of the graph that can be reached from these, themselves included. */
export function reachable(graph: CommitGraph, tips: Iterable<CommitId>): Set<CommitId> {
  const seen = new Set<CommitId>()
  const waiting = [...tips]
  for (let commit = waiting.pop(); commit !== undefined; commit = waiting.pop()) {
    const parents = graph.get(commit)
    if (!parents || seen.has(commit)) continue
    seen.add(commit)
    waiting.push(...parents)
  }
  return seen
}

/** Whether a commit has the base as an ancestor, if the graph contains everything that the base doesn't reach. */
export function descends(graph: CommitGraph, commit: CommitId, base: CommitId): boolean {
  if (commit === base) return true
  for (const one of reachable(graph, [commit])) if (graph.get(one)?.includes(base)) return true
  return false
}

/** Of the commits outside `covered`, those that no other of them has as a parent: keeping these keeps all. */
export function uncoveredTips(graph: CommitGraph, covered: ReadonlySet<CommitId>): CommitId[] {
  const left = [...graph.keys()].filter((commit) => !covered.has(commit))
  const parents = new Set(left.flatMap((commit) => graph.get(commit) ?? []))
  return left.filter((commit) => !parents.has(commit))
}
