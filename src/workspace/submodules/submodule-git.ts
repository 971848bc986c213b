import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Repository } from '../contract.js'
import { onDisk } from '../git-path.js'
import { gitDirOf, isRealDirectory, readSubmoduleNotes, submodulePlace, type Populated } from './submodule-notes.js'
import { formatSettings } from '../git/user-config.js'
import type { Workspace } from '../workspace.js'

const ownersOnly = { mode: 0o600 } as const

/**
 * Gives each submodule that has its files a git directory below the workspace's own, as `git submodule` would have made
 * it: standing on the recorded commit, its copy's objects as alternates, its tags and remote-tracking branches, no remote.
 */
export async function armSubmodules(
  repository: Repository,
  workspace: Workspace,
  /** The text of the workspace's own configuration. */
  config: string,
): Promise<void> {
  for (const submodule of readSubmoduleNotes(workspace).populated) {
    if (!(await isRealDirectory(workspace.root, submodule.path))) continue
    const gitDir = join(workspace.root, gitDirOf(submodule))
    for (const folder of ['refs/heads', 'refs/tags', 'objects/info', 'objects/pack', 'hooks', 'info']) {
      await mkdir(join(gitDir, folder), { recursive: true, mode: 0o700 })
    }
    const { indexFile, workTree } = submodulePlace(repository, workspace, submodule)
    const own = formatSettings([{ key: 'core.worktree', value: relative(gitDir, workTree) }])
    const { objectsDir, refs, shallow } = submodule.store
    await writeFile(join(gitDir, 'config'), config + own, ownersOnly)
    await writeFile(join(gitDir, 'objects/info/alternates'), `${objectsDir}\n`, ownersOnly)
    await writeFile(join(gitDir, 'HEAD'), `${submodule.commit}\n`, ownersOnly)
    if (refs !== '') await writeFile(join(gitDir, 'packed-refs'), refs, { ...ownersOnly, encoding: 'latin1' })
    if (shallow !== undefined) await writeFile(join(gitDir, 'shallow'), shallow, ownersOnly)
    await copyFile(indexFile, join(gitDir, 'index'))
  }
  await showSubmodules(workspace)
}

/** Text of the file `.git` in a submodule. Source: gitrepository-layout, "gitfile". */
export function gitFileText(workspace: Pick<Workspace, 'root'>, submodule: Populated): string {
  const path = onDisk(workspace.root, submodule.path).toString('utf8')
  return `gitdir: ${relative(path, join(workspace.root, gitDirOf(submodule)))}\n`
}

/** Puts the files back that {@link hideSubmodules} has taken away. */
export async function showSubmodules(workspace: Workspace): Promise<void> {
  for (const submodule of readSubmoduleNotes(workspace).populated) {
    if (!(await isRealDirectory(workspace.root, submodule.path))) continue
    const file = onDisk(workspace.root, `${submodule.path}/.git`)
    await rm(file, { recursive: true, force: true })
    await writeFile(file, gitFileText(workspace, submodule), ownersOnly)
  }
}

/**
 * Moves each submodule's `.git` file away, so that the repository's git ignores what is in the submodule: with one,
 * `git add` starts `git status` inside, under a configuration that an agent could write.
 */
export async function hideSubmodules(
  workspace: Pick<Workspace, 'root' | 'stateDir'>,
  which?: readonly Pick<Populated, 'path'>[],
): Promise<void> {
  for (const { path } of which ?? readSubmoduleNotes(workspace).populated) {
    if (!(await isRealDirectory(workspace.root, path))) continue
    await rm(onDisk(workspace.root, `${path}/.git`), { recursive: true, force: true })
  }
}
