import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RefName } from '../../domain/brand.js'
import { cleanLine } from '../../domain/text.js'
import type { Repository } from '../contract.js'

/**
 * The work tree of the user's that stands on a branch, if one does; that of the git directory `except` is passed over.
 * Read as files, without a process, since it is asked before each landing. Source: gitrepository-layout(5): `HEAD`, and
 * `HEAD` and `gitdir` below `worktrees/*`.
 */
export async function checkedOutAt(
  { commonDir }: Pick<Repository, 'commonDir'>,
  ref: RefName,
  except?: string,
): Promise<string | undefined> {
  if (commonDir !== except && (await standsOn(commonDir, ref))) return cleanLine(dirname(commonDir), 300)
  const worktrees = join(commonDir, 'worktrees')
  for (const name of await readdir(worktrees).catch(() => [])) {
    const gitDir = join(worktrees, name)
    if (gitDir === except || !(await standsOn(gitDir, ref))) continue
    const gitFile = await readFile(join(gitDir, 'gitdir'), 'utf8').catch(() => '')
    return cleanLine(dirname(gitFile.trim()), 300)
  }
  return undefined
}

/** Whether the work tree of a git directory stands on a branch. */
export async function standsOn(gitDir: string, ref: RefName): Promise<boolean> {
  const head = await readFile(join(gitDir, 'HEAD'), 'utf8').catch(() => '')
  return head.trim() === `ref: ${ref}`
}
