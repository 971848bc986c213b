import type { CommitId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import { gitAsUser, type GitPlace } from '../../platform/git/git.js'
import { valuesNamed } from '../git/content-filters.js'
import { readHeadTree } from '../git/head-tree.js'

/** Source: gitattributes(5), "Built-in merge drivers". */
const builtIn: ReadonlySet<string> = new Set(['text', 'binary', 'union'])

/**
 * The merge drivers that the attributes of a commit ask for and that do not count here: they are programs of somebody's
 * configuration. Git LFS writes `merge=lfs` without having such a driver: it is none unless the user has defined one.
 */
export async function driversOfOthers(
  { place, root, env }: { readonly place: GitPlace; readonly root: string; readonly env: Environment },
  commit: CommitId,
): Promise<readonly string[]> {
  const tree = await readHeadTree(place, commit)
  const asked = tree.ok ? tree.value.attributes.flatMap((text) => valuesNamed(text, 'merge')) : []
  const names = [...new Set(asked)].filter((name) => !builtIn.has(name)).sort()
  const isDefined = async () => (await gitAsUser(root, ['config', '--get', 'merge.lfs.driver'], env)).ok
  return names.includes('lfs') && !(await isDefined()) ? names.filter((name) => name !== 'lfs') : names
}
