/** Commits with their parents, as far as they aren't reachable from some base. */
export type CommitGraph = ReadonlyMap<string, readonly string[]>

/** Reads `git rev-list --parents`: a commit and its parents on each line. */
export function parseGraph(output: string): CommitGraph {
  const graph = new Map<string, readonly string[]>()
  for (const line of output.split('\n')) {
    const [commit, ...parents] = line.split(' ')
    if (commit !== undefined && commit !== '') graph.set(commit, parents)
  }
  return graph
}

/** The commits of the graph that can be reached from these, themselves included. */
export function reachable(graph: CommitGraph, tips: Iterable<string>): Set<string> {
  const seen = new Set<string>()
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
export function descends(graph: CommitGraph, commit: string, base: string): boolean {
  if (commit === base) return true
  for (const one of reachable(graph, [commit])) if (graph.get(one)?.includes(base)) return true
  return false
}

/** Of the commits outside `covered`, those that no other of them has as a parent: keeping these keeps all. */
export function uncoveredTips(graph: CommitGraph, covered: ReadonlySet<string>): string[] {
  const left = [...graph.keys()].filter((commit) => !covered.has(commit))
  const parents = new Set(left.flatMap((commit) => graph.get(commit) ?? []))
  return left.filter((commit) => !parents.has(commit))
}
