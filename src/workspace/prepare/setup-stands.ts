import type { CommitId } from '../../domain/brand.js'
import { gitBytes } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import { splitNul, type GitPath } from '../git-path.js'
import { lacksSubmodule } from '../submodules/populate.js'
import { fingerprintFile, type SetUp, type Workspace } from '../workspace.js'
import type { Furniture } from './furniture.js'
import { existingOf } from './set-up.js'
import { inputsChanged } from './setup-inputs.js'

/** Whether setup must run again in a workspace that has just been cleaned and brought to its commit, by listed paths. */
export async function needsSetup(repository: Repository, workspace: Workspace, furniture: Furniture): Promise<boolean> {
  const { setUp: last } = workspace
  if (!furniture.setup || !last?.survives) return furniture.setup !== undefined
  // An agent may have removed what setup made.
  if ((await existingOf(workspace, last.kept)).length < last.kept.length) return true
  if (await lacksSubmodule(repository, workspace, workspace.commit)) return true
  return inputsChanged(repository, furniture, last.at, workspace.commit)
}

/** Whether what setup once made is what it would make at this commit, as far as the commit goes. */
export async function isSetUpFor(
  repository: Repository,
  workspace: Workspace,
  furniture: Furniture,
  commit: CommitId,
): Promise<boolean> {
  const { setUp: last } = workspace
  return last?.survives === true && suits(repository, workspace, furniture, last, commit)
}

/** As far as the commit goes. */
async function suits(
  repository: Repository,
  workspace: Workspace,
  furniture: Furniture,
  last: SetUp,
  commit: CommitId,
): Promise<boolean> {
  if (await lacksSubmodule(repository, workspace, commit)) return false
  if (await inputsChanged(repository, furniture, last.at, commit)) return false
  return furniture.keep !== 'auto' || last.at === commit || isClear(repository, last.kept, commit)
}

/** No file of the commit is at one of these paths, below it, or in its way. */
async function isClear(repository: Repository, paths: readonly GitPath[], commit: CommitId): Promise<boolean> {
  if (paths.length === 0) return true
  const above = paths.flatMap((path) => {
    const names = path.split('/')
    return names.map((_, index) => names.slice(0, index + 1).join('/'))
  })
  const asked = [...new Set(above)].map((path) => Buffer.from(path, 'latin1').toString())
  const listed = await gitBytes(repository.trusted, ['ls-tree', '-z', '--full-tree', commit, '--', ...asked])
  if (!listed.ok) return false
  return splitNul(listed.value).every((line) => {
    const [facts = '', path = ''] = line.split('\t')
    return facts.includes(' tree ') && !paths.includes(path)
  })
}

/** With `keep: auto`: all that setup made is there as it left it, and nothing else is in it any more; and the commit suits. */
export async function stands(
  repository: Repository,
  workspace: Workspace,
  furniture: Furniture,
  commit: CommitId,
): Promise<boolean> {
  const { setUp: last, root, furnished: except } = workspace
  if (!last || !(await isSetUpFor(repository, workspace, furniture, commit))) return false
  if (last.kept.length === 0) return true
  const question = { root, paths: last.kept, except, file: fingerprintFile(workspace) }
  return (await furniture.keeper({ ...question, action: 'check' })) === 'fine'
}

/** Whether a prepared workspace that nobody has used is out of date at another commit. */
export async function outgrows(
  repository: Repository,
  workspace: Workspace,
  furniture: Furniture,
  commit: CommitId,
): Promise<boolean> {
  const { setUp: last } = workspace
  return last !== undefined && (last.changedFiles || !(await suits(repository, workspace, furniture, last, commit)))
}
