import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Failure } from '../../domain/agent/failure.js'
import { ok, type Result } from '../../domain/result.js'
import { gitBytes } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import { onDisk, splitNul, type GitPath } from '../git-path.js'
import { gitFailed } from '../git/git-failed.js'
import { withExcludes, workspacePlace, type Workspace } from '../workspace.js'

/** Source: git-crypt's commands.cpp: the start of an encrypted file. */
const sealed = Buffer.from('\0GITCRYPT\0', 'latin1')

/**
 * Files that an agent's `git-crypt lock` has left as they are in commits: git would encrypt them once more, and nobody
 * could read what lands. Files are checked only if the workspace has lost its keys.
 */
export async function lockedFiles(
  repository: Repository,
  workspace: Workspace,
): Promise<Result<readonly GitPath[], Failure>> {
  if (!repository.filterStores.includes('git-crypt')) return ok([])
  const keys = await readdir(join(workspace.root, '.git/git-crypt/keys')).catch(() => [])
  if (keys.length > 0) return ok([])
  const args = withExcludes(workspace, ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  const listed = await gitBytes(workspacePlace(repository, workspace), args)
  if (!listed.ok) return gitFailed(listed.error)
  const locked: GitPath[] = []
  for (const path of splitNul(listed.value)) if (await isLocked(onDisk(workspace.root, path))) locked.push(path)
  return ok(locked)
}

async function isLocked(path: Buffer): Promise<boolean> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags).catch(() => undefined)
  if (file === undefined) return false
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sealed.length), 0, sealed.length, 0)
    return bytesRead === sealed.length && buffer.equals(sealed)
  } catch {
    // A directory, such as that of a submodule.
    return false
  } finally {
    await file.close()
  }
}
