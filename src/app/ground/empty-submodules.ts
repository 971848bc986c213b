import { cleanLine } from '../../domain/text.js'
import type { Repository, Submodule } from '../../workspace/contract.js'
import { pathText } from '../../workspace/git-path.js'
import { readHeadTree } from '../../workspace/git/head-tree.js'
import { findUsersSubmodules } from '../../workspace/submodules/submodules.js'

/** Looks which submodules would stay empty in workspaces, in a repository that no run has opened. Changes nothing. */
export async function lookUpSubmodules({
  root,
  commonDir,
  head,
}: Pick<Repository, 'root' | 'commonDir' | 'head'>): Promise<readonly Submodule[]> {
  const user = { gitDir: commonDir }
  const tree = await readHeadTree(user, head.commit)
  if (!tree.ok) return []
  return findUsersSubmodules({ root, gitDir: commonDir, commonDir, trusted: user }, head.commit, tree.value.links)
}

/** Which submodules have no files for agents and gates, why, and what to do: one line each. */
export function emptySubmodules(submodules: readonly Submodule[], hasSetup: boolean): readonly string[] {
  return submodules.flatMap(({ path, lacks }) => {
    if (lacks === undefined) return []
    const name = cleanLine(pathText(path), 100)
    const next = hasSetup ? 'unless setup: populates it' : 'get it (git submodule update --init), or let setup: do that'
    return [`the submodule ${name} stays empty in workspaces, because ${lacks}: ${next}`]
  })
}
